internal import MicroBatching
public import Platform

/// Times transformer blocks of a model's shape on this machine, with the kernels and threads that will run them.
///
/// The weights mean nothing, but there are as many of them as no cache holds, or as the model has.
public final class BlockTimer {
  private let configuration: Configuration
  private let kernels: Kernels
  private let pool: ThreadPool
  private let blocks: [Block]
  private let cache: KVCache
  private let scratch: StageScratch
  private let activations: Activations
  private var turn = 0

  /// Bytes of weights that a third-level cache does not flatter.
  private static let weightBytes = 100_000_000

  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public init(_ configuration: Configuration, kernels: Kernels, pool: ThreadPool) throws(ModelError) {
    (self.configuration, self.kernels, self.pool) = (configuration, kernels, pool)
    let bytes = max(1, configuration.blockWeightBytes)
    let blockCount = min(configuration.layerCount, (Self.weightBytes + bytes - 1) / bytes)
    var blocks: [Block] = []
    for _ in 0..<blockCount {
      blocks.append(try Block(configuration, repeating: TimedRows.pattern, kernels: kernels))
    }
    self.blocks = blocks
    cache = KVCache(configuration: configuration, layerCount: blockCount, slotCount: 1, kernels: kernels)
    scratch = try StageScratch(configuration)
    activations = try Activations(width: configuration.width)
  }

  /// Seconds that one block takes for rows of one sequence from position 0, ascending in rows.
  ///
  /// Blocks for about `budget`. Slow machines give fewer points, but at least two.
  ///
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public func measure(within budget: Duration = .milliseconds(300)) throws(ModelError) -> [TimedRows] {
    let usual = TimedRows.usualRows(configuration)
    // Memory is taken, and its pages with it, before the clock runs.
    try resize(rows: usual.last ?? 1)
    for room in [scratch.normed, scratch.wide, scratch.inner, scratch.sums] {
      for row in 0..<room.rowCount { room[row].update(repeating: 0) }
    }
    for row in 0..<activations.rowCount {
      for column in 0..<configuration.width {
        activations[row][column] = TimedRows.pattern[(row &* 31 &+ column) % TimedRows.pattern.count]
      }
    }
    return try TimedRows.measure(usual, within: budget, clock: TimedRows.clock(for: pool)) { rows throws(ModelError) in
      try resize(rows: rows)
      let microBatch = MicroBatch([Segment(slot: 0, start: 0, count: rows)])
      try cache.admit(microBatch)
      blocks[turn % blocks.count].apply(
        Rows(activations), microBatch, layer: turn % blocks.count, cache: cache, scratch: scratch, kernels: kernels,
        pool: pool)
      turn += 1
    }
  }

  private func resize(rows: Int) throws(ModelError) {
    try activations.resize(rowCount: rows)
    try scratch.resize(rowCount: rows)
  }
}

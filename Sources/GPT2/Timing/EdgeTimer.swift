internal import MicroBatching
public import Platform

/// Times what surrounds the blocks, on this machine: embedding and ln_f of every row, head and log-probabilities of those
/// that a token follows.
public final class EdgeTimer {
  private let configuration: Configuration
  private let kernels: Kernels
  private let pool: ThreadPool
  private let embedding: Embedding
  private let head: Head
  private let activations: Activations
  private let hidden: Activations
  private let logits: Activations

  /// Times parts of a model that is loaded.
  ///
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public init(
    _ configuration: Configuration, embedding: Embedding, head: Head, kernels: Kernels, pool: ThreadPool
  ) throws(ModelError) {
    (self.configuration, self.kernels, self.pool) = (configuration, kernels, pool)
    (self.embedding, self.head) = (embedding, head)
    activations = try Activations(width: configuration.width)
    hidden = try Activations(width: configuration.width)
    logits = try Activations(width: configuration.vocabularySize)
  }

  /// Times parts of a model's shape whose weights mean nothing.
  ///
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public convenience init(_ configuration: Configuration, kernels: Kernels, pool: ThreadPool) throws(ModelError) {
    let embedding = try Embedding(configuration, repeating: TimedRows.pattern, kernels: kernels)
    let head = try Head(
      configuration, tiedTo: embedding, repeating: TimedRows.pattern, kernels: kernels, pool: pool)
    try self.init(configuration, embedding: embedding, head: head, kernels: kernels, pool: pool)
  }

  /// Seconds that embedding and ln_f take, ascending in rows; blocks for about `budget`.
  ///
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public func measureEdges(within budget: Duration = .milliseconds(40)) throws(ModelError) -> [TimedRows] {
    let usual = TimedRows.usualRows(configuration)
    try runEdges(rows: usual.last ?? 1)
    return try TimedRows.measure(usual, within: budget, clock: TimedRows.clock(for: pool)) { rows throws(ModelError) in
      try runEdges(rows: rows)
    }
  }

  /// Seconds that head and log-probabilities take, ascending in rows; blocks for about `budget`.
  ///
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public func measureHead(within budget: Duration = .milliseconds(260)) throws(ModelError) -> [TimedRows] {
    let usual = TimedRows.usualRows(configuration).filter { $0 <= 64 }
    try runEdges(rows: usual.last ?? 1)
    try logits.resize(rowCount: usual.last ?? 1)
    for row in 0..<logits.rowCount { logits[row].update(repeating: 0) }
    return try TimedRows.measure(usual, within: budget, clock: TimedRows.clock(for: pool)) { rows throws(ModelError) in
      try head.logits(of: hidden, rows: 0..<rows, into: logits)
      pool.forEach(rows, work: 4 * rows * configuration.vocabularySize) { row in
        _ = LogProbabilities(UnsafeBufferPointer(logits[row]).span, kernels: kernels)
      }
    }
  }

  private func runEdges(rows: Int) throws(ModelError) {
    let tokens = (0..<rows).map { ($0 &* 7919 &+ 13) % configuration.vocabularySize }
    try embedding.apply(tokens, MicroBatch([Segment(slot: 0, start: 0, count: rows)]), into: activations)
    try head.normalize(activations, into: hidden)
  }
}

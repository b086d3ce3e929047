public import Platform

/// The matrix products of a model's blocks and nothing else of them, to be timed.
///
/// The weights mean nothing, but there are as many of them as no cache holds, or as the model has.
public final class ProductTimer {
  /// Blocks whose matrices ``run(rows:)`` multiplies with.
  public let blockCount: Int
  private let pool: ThreadPool
  private let blocks: [[Linear]]
  private let scratch: StageScratch

  /// Bytes of weights that a third-level cache does not flatter.
  private static let weightBytes = 100_000_000

  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public init(_ configuration: Configuration, kernels: Kernels, pool: ThreadPool) throws(ModelError) {
    self.pool = pool
    let bytes = max(1, configuration.blockMatrixBytes)
    blockCount = min(configuration.layerCount, (Self.weightBytes + bytes - 1) / bytes)
    let (width, inner) = (configuration.width, configuration.innerWidth)
    var blocks: [[Linear]] = []
    for _ in 0..<blockCount {
      var matrices: [Linear] = []
      for (from, to) in [(width, 3 * width), (width, width), (width, inner), (inner, width)] {
        matrices.append(
          try Linear(
            repeating: TimedRows.pattern, from: from, to: to, as: configuration.weights.blocks, kernels: kernels))
      }
      blocks.append(matrices)
    }
    self.blocks = blocks
    scratch = try StageScratch(configuration)
  }

  /// Multiplies so many rows by every matrix of ``blockCount`` blocks.
  ///
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  public func run(rows: Int) throws(ModelError) {
    if scratch.normed.rowCount != rows {
      try scratch.resize(rowCount: rows)
      for row in 0..<rows {
        for column in 0..<scratch.normed.width {
          scratch.normed[row][column] = TimedRows.pattern[(row &* 31 &+ column) % TimedRows.pattern.count]
        }
      }
    }
    let (normed, inner, sums) = (Rows(scratch.normed), Rows(scratch.inner), Rows(scratch.sums))
    for block in blocks {
      block[0].apply(normed, into: Rows(scratch.wide), pool: pool)
      block[1].apply(normed, into: sums, pool: pool)
      block[2].apply(normed, into: inner, pool: pool)
      block[3].apply(inner, into: sums, pool: pool)
    }
  }
}

public import MicroBatching

/// How long one block takes a process for a micro-batch, from what was measured of it.
///
/// Measured is one sequence from its beginning. To that comes attention to what was cached before: a segment's rows read
/// the keys and values before them together, as fast as one row reads the weights, and multiply with them each, at a
/// share of the rate of the matrix products.
public struct CostModel: Hashable, Sendable {
  public let curve: TimeCurve
  public let shape: BlockShape
  /// Bytes of weights read in a second, by a micro-batch of one row.
  private let readRate: Double
  /// Operations of matrix products in a second, by large micro-batches; a multiply-add is two.
  private let operationRate: Double

  /// Cached keys and values lie in pieces of a head's, which memory gives more slowly than whole matrices: measured 9.5 GB/s
  /// beside 24 at 100 positions (AVX2), 14 and 17 beside 31 at 64 and 115 (AVX-512).
  private static let cacheReadShare = 0.45

  public init(curve: TimeCurve, shape: BlockShape) {
    self.curve = curve
    self.shape = shape
    readRate = shape.weightBytes / max(curve.seconds(rows: 1), 1e-9)
    let rows = curve.lastRows
    operationRate = 2 * Double(shape.matrixElements * rows) / max(curve.seconds(rows: rows), 1e-9)
  }

  /// Seconds that one block takes for the micro-batch when nothing else runs on the machine.
  public func seconds(_ microBatch: MicroBatch) -> Double {
    var seconds = curve.seconds(rows: microBatch.rowCount)
    for segment in microBatch.segments {
      let read = shape.cacheBytes * Double(segment.start) / (readRate * Self.cacheReadShare)
      let operations = 4 * Double(shape.width * segment.count) * Double(segment.start)
      seconds += max(read, operations / (operationRate * shape.attentionShare))
    }
    return seconds
  }

  /// Bytes that one block reads from memory for the micro-batch: its weights and the cached keys and values.
  public func bytesRead(_ microBatch: MicroBatch) -> Double {
    microBatch.segments.reduce(shape.weightBytes) { $0 + shape.cacheBytes * Double($1.start) }
  }

  /// Bytes a second that one process can read.
  public var memoryRate: Double { readRate }
}

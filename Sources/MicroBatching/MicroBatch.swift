/// What one pass through a stage works on: rows of activations, told apart by segments.
///
/// Prompt chunk, decode step and scoring are all micro-batches. The activations themselves, `[R, C]` row-major, travel
/// beside this value; row `i` of the micro-batch is row `i` of them, segment after segment.
public struct MicroBatch: Hashable, Sendable {
  public private(set) var segments: [Segment]
  /// Number of rows of all segments together.
  public private(set) var rowCount: Int
  /// Slots whose memory is given back before the segments are run.
  public var releasedSlots: [Int]

  public init(_ segments: [Segment] = [], releasing releasedSlots: [Int] = []) {
    self.segments = segments
    self.releasedSlots = releasedSlots
    self.rowCount = segments.reduce(0) { $0 + $1.count }
  }

  public mutating func append(_ segment: Segment) {
    segments.append(segment)
    rowCount += segment.count
  }
}

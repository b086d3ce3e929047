/// Consecutive rows of one sequence: where they are cached and at which positions they stand.
///
/// The start position is the truth: 0 begins the slot anew, one below the cached length rolls the slot back to it,
/// one above the cached length is an error of whoever made the segment.
public struct Segment: Hashable, Sendable {
  /// Which sequence of the KV cache the rows belong to.
  public var slot: Int
  /// Position of the first row in its sequence.
  public var start: Int
  /// How many rows; at least 1.
  public var count: Int

  public init(slot: Int, start: Int, count: Int) {
    self.slot = slot
    self.start = start
    self.count = count
  }

  /// The positions of the rows in their sequence.
  public var positions: Range<Int> { start..<(start + count) }
}

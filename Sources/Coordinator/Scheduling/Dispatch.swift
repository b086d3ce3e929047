internal import MicroBatching

/// A micro-batch to send into the pipe.
struct Dispatch: Hashable, Sendable {
  /// Counts from 0 without gaps; micro-batches come back in this order.
  var sequence: UInt64
  /// May have no rows, when it only gives back slots.
  var microBatch: MicroBatch
  /// The one stage that computes it; nil for all.
  var refill: Int?
  /// One for each row.
  var tokens: [Int]
  /// Whether any of it was asked for, and not only slots are given back or the pipe is probed.
  var isWork: Bool
}

internal import MicroBatching

/// A micro-batch to send into the pipe.
struct Dispatch: Hashable, Sendable {
  /// Counts from 0 without gaps; micro-batches come back in this order.
  var sequence: UInt64
  /// May have no rows, when it only gives back slots.
  var microBatch: MicroBatch
  /// One for each row.
  var tokens: [Int]
  /// Whether any of it was asked for, and not only slots are given back or the pipe is probed.
  var isWork: Bool
}

/// Rows of a micro-batch that came back, and what they are for.
struct Arrival: Hashable, Sendable {
  var request: RequestID
  /// Rows of the micro-batch.
  var rows: Range<Int>
  /// Index, in the request's tokens, of the first row's token.
  var start: Int
  var output: Output
  /// Whether the request has ended with these rows: nothing more will come, and its id is free.
  ///
  /// A generation ends with the token that ``Scheduler/accept(_:for:)`` takes instead.
  var isLast: Bool
}

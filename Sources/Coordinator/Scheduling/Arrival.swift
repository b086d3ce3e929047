internal import MicroBatching

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

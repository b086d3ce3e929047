/// Rows of a micro-batch that has passed all stages, and what they are for.
struct FinishJob {
  var sequence: UInt64
  var rowCount: Int
  var arrivals: [Arrival]
  /// Whether a stage made values that are not finite, so that hidden states are to be looked at.
  var looksForInfinite: Bool
}

internal import GPT2

/// Consecutive rows of one request on their way into a micro-batch.
struct Chunk {
  var tokens: ArraySlice<Int>
  /// Position of the first row in its slot.
  var position: Int
  /// The rows, counted from the chunk's first, that `output` speaks of.
  var rows: Range<Int>
  /// Index, in the request's tokens, of the first of `rows`.
  var start: Int
  var output: Output
}

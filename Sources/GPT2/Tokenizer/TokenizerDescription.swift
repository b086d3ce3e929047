/// What a tokenizer's files say, before it is known to make sense.
struct TokenizerDescription {
  /// The file that `entries` are from, for messages.
  var vocabularyFile: String
  /// The vocabulary as spelled, in any order; no spelling twice.
  var entries: [(spelling: String, token: Int)]
  /// The file that `merges` are from, for messages.
  var mergesFile: String
  /// Halves of the merges as spelled, by rank.
  var merges: [(left: String, right: String)]
  /// The line of the first merge, where a merge is a line.
  var firstMergeLine: Int?
  /// Added tokens; they may, but need not, be among `entries`.
  var added: [AddedToken] = []

  /// Where the merge of rank `rank` stands in its file.
  func place(ofMerge rank: Int) -> TokenizerError.Place {
    firstMergeLine.map { .line($0 + rank) } ?? .element(rank)
  }
}

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

  /// Tokens to add, batch after batch; see ``AddedVocabulary``.
  var added: [[AddedToken]] = []
  /// What tells the beginning, the end and the unknown of a text, where the files name it.
  var named = NamedTokens()
  var preTokenization = PreTokenization.gpt2
  var normalizers: [TextNormalizer] = []
  var template = TokenTemplate()
  /// The entry that a byte without a token becomes; nil drops such bytes.
  var unknown: String?
  var fusesUnknown = false
  /// Whether a word that is an entry is that entry's token, whatever merges make of it.
  var ignoresMerges = false
  /// Whether special tokens in a text are read as text even where callers let them be read.
  var splitsSpecial = false

  struct NamedTokens {
    var beginning: String?
    var end: String?
    var unknown: String?
  }

  /// Where the merge of rank `rank` stands in its file.
  func place(ofMerge rank: Int) -> TokenizerError.Place {
    firstMergeLine.map { .line($0 + rank) } ?? .element(rank)
  }
}

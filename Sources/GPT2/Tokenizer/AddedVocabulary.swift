internal import JSON

/// The tokens that are added to a model's vocabulary, with the ids they get: tokenizers' `AddedVocabulary`.
///
/// An id that a file gives to an added token is not looked at. A content that is in the model's vocabulary has that id,
/// any other gets the next free one.
struct AddedVocabulary {
  /// By id, in no order. An id holds the last token that was added for it.
  private(set) var tokens: [Int: AddedToken] = [:]
  /// Every content that was ever added.
  private(set) var ids: [ExactString: Int] = [:]
  /// Contents that were special when they were added; they stay special.
  private(set) var special: Set<ExactString> = []

  /// Adds a batch.
  ///
  /// - Parameters:
  ///   - count: how many entries the model's vocabulary has.
  ///   - entry: the id of an entry of the model's vocabulary.
  mutating func add(_ batch: [AddedToken], count: Int, entry: (String) -> UInt32?) {
    var next = count
    if let highest = tokens.keys.max(), highest >= count || count == 0 { next = highest + 1 }
    for token in batch where !token.content.isEmpty {
      let content = ExactString(token.content)
      let id: Int
      if let known = ids[content] ?? entry(token.content).map({ Int($0) }) {
        id = known
      } else {
        id = next
        next += 1
      }
      ids[content] = id
      if token.isSpecial { special.insert(content) }
      tokens[id] = token
    }
  }
}

/// A token that stands for its own text wherever that occurs, not made by merges.
struct AddedToken: Hashable, Sendable {
  /// What GPT-2 was taught to end a document with.
  static let endOfText = "<|endoftext|>"
  /// The longest content, in bytes. Looking for added tokens takes up to this many steps a byte of text.
  static let lengthLimit = 1024

  var content: String
  var token: Int
  /// Whether it is plain text unless the caller allows special tokens.
  var isSpecial: Bool
}

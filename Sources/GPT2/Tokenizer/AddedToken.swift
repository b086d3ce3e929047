internal import JSON

/// A token that is looked for in the text itself, before that is cut into words: what tokenizers calls an added token.
struct AddedToken: Hashable, Sendable {
  /// What GPT-2 was taught to end a document with.
  static let endOfText = "<|endoftext|>"
  /// The longest content, in bytes. Looking for added tokens takes up to this many steps a byte of text.
  static let lengthLimit = 1024

  var content: String
  /// Whether it is plain text to who does not let special tokens be read.
  var isSpecial = false
  /// Whether it counts only where no letter, mark, digit or underscore stands beside it.
  var isSingleWord = false
  /// Whether white space to its left belongs to it.
  var stripsLeft = false
  /// Whether white space to its right belongs to it.
  var stripsRight = false
  /// Whether it is looked for in normalized text, after all tokens that are not. nil where the files do not say: then
  /// special tokens are not and others are.
  var normalized: Bool?

  var isNormalized: Bool { normalized ?? !isSpecial }

  /// Equality with what is not said decided, and contents compared byte by byte.
  static func == (a: AddedToken, b: AddedToken) -> Bool {
    ExactString(a.content) == ExactString(b.content) && a.isSpecial == b.isSpecial && a.isSingleWord == b.isSingleWord
      && a.stripsLeft == b.stripsLeft && a.stripsRight == b.stripsRight && a.isNormalized == b.isNormalized
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ExactString(content))
  }
}

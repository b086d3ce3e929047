extension AddedTokens {
  /// A piece of a text: an added token that stands in it, or what is between two.
  enum Piece: Equatable {
    case text(Range<Int>)
    case token(Int)
  }

  /// Cuts `text` at the added tokens in it, as `find_matches` of tokenizers does.
  ///
  /// An occurrence that does not count, since it is special or no single word, is passed over whole: nothing is looked
  /// for inside it. White space that a token takes to its right is still searched for tokens, which take it once more;
  /// only one that takes white space to its left, and is left with nothing of its own, does not count.
  func split(_ text: Span<UInt8>, readsSpecial: Bool) -> [Piece] {
    guard !isEmpty else { return text.isEmpty ? [] : [.text(0..<text.count)] }
    var pieces: [Piece] = []
    var start = 0
    var end = 0
    // Where the white space ends that a token took last, so that none is walked over twice.
    var spaceEnd = 0
    while let (range, entry) = first(in: text, from: start) {
      start = range.upperBound
      if entry.isSpecial && !readsSpecial { continue }
      var (lower, upper) = (range.lowerBound, range.upperBound)
      if entry.rules.isSingleWord, Self.isWord(text, endingAt: lower) || Self.isWord(text, at: upper) { continue }
      if entry.rules.stripsLeft {
        while lower > end, let (scalar, length) = WideCharacter.scalar(text, endingAt: lower),
          scalar.properties.isWhitespace
        {
          lower -= length
        }
        lower = max(lower, end)
      }
      if entry.rules.stripsRight {
        if upper < spaceEnd { upper = spaceEnd }
        while upper < text.count, let (scalar, length) = WideCharacter.scalar(text, at: upper),
          scalar.properties.isWhitespace
        {
          upper += length
        }
        spaceEnd = upper
      }
      if end < lower { pieces.append(.text(end..<lower)) }
      if lower < upper { pieces.append(.token(entry.token)) }
      end = upper
    }
    if end < text.count { pieces.append(.text(end..<text.count)) }
    return pieces
  }

  /// Whether the character that ends before `index` is of those that words are made of: `\w` of Unicode's TR18.
  private static func isWord(_ text: Span<UInt8>, endingAt index: Int) -> Bool {
    WideCharacter.scalar(text, endingAt: index).map { isWord($0.scalar) } ?? false
  }

  private static func isWord(_ text: Span<UInt8>, at index: Int) -> Bool {
    index < text.count ? WideCharacter.scalar(text, at: index).map { isWord($0.scalar) } ?? false : false
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: scalar.properties.isAlphabetic || scalar.properties.isJoinControl
    }
  }
}

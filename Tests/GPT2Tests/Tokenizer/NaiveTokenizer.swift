@testable import GPT2

/// GPT-2's tokenizer written down as it was published, without any regard to time.
struct NaiveTokenizer {
  struct Pair: Hashable {
    var left: [UInt8]
    var right: [UInt8]
  }

  var ranks: [Pair: Int]

  /// The symbols of a word: again and again all occurrences, from left to right, of the pair of lowest rank.
  func symbols(of word: [UInt8]) -> [[UInt8]] {
    var symbols = word.map { [$0] }
    while true {
      let pairs = zip(symbols, symbols.dropFirst()).map { Pair(left: $0, right: $1) }
      guard let best = pairs.min(by: { ranks[$0, default: .max] < ranks[$1, default: .max] }), ranks[best] != nil else {
        return symbols
      }
      var replaced: [[UInt8]] = []
      var index = 0
      while index < symbols.count {
        if index + 1 < symbols.count, symbols[index] == best.left, symbols[index + 1] == best.right {
          replaced.append(best.left + best.right)
          index += 2
        } else {
          replaced.append(symbols[index])
          index += 1
        }
      }
      symbols = replaced
    }
  }

  /// The successive matches of the published pattern: the alternatives in their order, each as the longest it can be.
  static func words(of text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var words: [String] = []
    var start = 0
    while start < scalars.count {
      let rest = scalars[start...]
      let length = contraction(rest) ?? run(rest, isLetter) ?? run(rest, isNumber) ?? run(rest, isOther) ?? spaces(rest)
      var word = String.UnicodeScalarView()
      word.append(contentsOf: rest.prefix(length))
      words.append(String(word))
      start += length
    }
    return words
  }

  private static func contraction(_ rest: ArraySlice<Unicode.Scalar>) -> Int? {
    ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].first { rest.starts(with: $0.unicodeScalars) }?.unicodeScalars.count
  }

  /// ` ?x+`
  private static func run(_ rest: ArraySlice<Unicode.Scalar>, _ isMember: (Unicode.Scalar) -> Bool) -> Int? {
    let space = rest.first == " " ? 1 : 0
    let count = rest.dropFirst(space).prefix(while: isMember).count
    return count > 0 ? space + count : nil
  }

  /// `\s+(?!\S)|\s+`
  private static func spaces(_ rest: ArraySlice<Unicode.Scalar>) -> Int {
    let count = rest.prefix(while: isSpace).count
    return count == rest.count || count == 1 ? count : count - 1
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]
      .contains(scalar.properties.generalCategory)
  }

  private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
    [.decimalNumber, .letterNumber, .otherNumber].contains(scalar.properties.generalCategory)
  }

  private static func isOther(_ scalar: Unicode.Scalar) -> Bool {
    !isSpace(scalar) && !isLetter(scalar) && !isNumber(scalar)
  }
}

@testable import GPT2

/// GPT-2's tokenizer written down as it is, without any regard to time.
struct NaiveTokenizer {
  struct Pair: Hashable {
    var left: [UInt8]
    var right: [UInt8]
  }

  var ranks: [Pair: Int]

  /// The symbols of a word: again and again the pair of lowest rank, of several the leftmost.
  func symbols(of word: [UInt8]) -> [[UInt8]] {
    var symbols = word.map { [$0] }
    while true {
      let all = zip(symbols, symbols.dropFirst()).map { ranks[Pair(left: $0, right: $1), default: .max] }
      guard let lowest = all.min(), lowest < .max, let index = all.firstIndex(of: lowest) else { return symbols }
      symbols[index] += symbols.remove(at: index + 1)
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

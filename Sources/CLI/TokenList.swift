import ArgumentParser
import GPT2

/// Token ids as people write them: whole numbers with commas, white space or brackets between them.
struct TokenList {
  let tokens: [Int]

  /// - Throws: ``InputError/notTokens(_:found:)``.
  init(_ text: String, place: String) throws(InputError) {
    let separators = Set(", \t\r\n[]".utf8)
    var tokens: [Int] = []
    for field in text.utf8.split(whereSeparator: separators.contains) {
      let digits = String(decoding: field, as: UTF8.self)
      guard field.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let token = Int(digits) else {
        throw .notTokens(place, found: String(digits.prefix(40)))
      }
      tokens.append(token)
    }
    self.tokens = tokens
  }
}

/// Turns tokens into text as they come, never giving out part of a character.
///
/// The strings it gives, put together, are `String(decoding: bytes, as: UTF8.self)` of all the bytes of the tokens:
/// bytes that are not UTF-8 become U+FFFD, and so does a number that is no token, since a model may know more tokens than
/// its tokenizer (padded vocabularies). At most three bytes wait for the rest of their character.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  /// The beginning of a character, or nothing.
  private var pending: [UInt8] = []

  public init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
  }

  /// Takes the next token; gives the characters that are now complete, which may be none.
  public mutating func append(_ token: Int) -> String {
    guard let bytes = tokenizer.slice(of: token) else { return finish() + "\u{FFFD}" }
    return append(bytes: bytes)
  }

  /// Takes the next bytes; gives the characters that are now complete, which may be none.
  mutating func append(bytes: some Collection<UInt8>) -> String {
    pending.append(contentsOf: bytes)
    let ready = pending.count - Self.unfinishedLength(pending)
    let text = String(decoding: pending[..<ready], as: UTF8.self)
    pending.removeFirst(ready)
    return text
  }

  /// Ends the text: U+FFFD if it ends inside a character, otherwise nothing. The decoder is then as new.
  public mutating func finish() -> String {
    let text = String(decoding: pending, as: UTF8.self)
    pending.removeAll()
    return text
  }

  /// How many of the last bytes are the beginning of a well-formed character whose rest is missing: 0 to 3.
  private static func unfinishedLength(_ bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let byte = bytes[bytes.count - length]
      if byte & 0xC0 == 0x80 { continue }
      return isUnfinished(bytes[(bytes.count - length)...]) ? length : 0
    }
    return 0
  }

  /// Whether `bytes`, a byte that does not continue and then only such that do, begin a character and do not end it.
  private static func isUnfinished(_ bytes: ArraySlice<UInt8>) -> Bool {
    let lead = bytes[bytes.startIndex]
    let length = WideCharacter.length(lead: lead)
    guard bytes.count < length else { return false }
    return bytes.count == 1 || WideCharacter.second(lead: lead).contains(bytes[bytes.startIndex + 1])
  }
}

extension Tokenizer {
  /// The text of the tokens, as ``StreamingDecoder`` gives it.
  public func text(of tokens: some Sequence<Int>) -> String {
    var decoder = StreamingDecoder(self)
    return tokens.reduce(into: "") { $0 += decoder.append($1) } + decoder.finish()
  }
}

/// GPT-2's byte-level byte-pair encoding.
///
/// Text is cut into words by ``PreTokenizer``; inside a word, bytes and then ever longer tokens merge by rank. Every
/// sequence of bytes can be encoded, UTF-8 or not, and `decode(encode(bytes)) == bytes`.
public struct Tokenizer: Sendable {
  private let vocabulary: Vocabulary
  private let encoder: BytePairEncoder
  /// Added tokens that are not special: found in every text.
  private let alwaysAdded: AddedTokens
  /// All added tokens.
  private let allAdded: AddedTokens
  /// The token `<|endoftext|>`, if there is one.
  public let endOfText: Int?

  init(vocabulary: Vocabulary, encoder: BytePairEncoder, added: [AddedToken]) {
    self.vocabulary = vocabulary
    self.encoder = encoder
    alwaysAdded = AddedTokens(added.filter { !$0.isSpecial }.map { (Array($0.content.utf8), $0.token) })
    allAdded = AddedTokens(added.map { (Array($0.content.utf8), $0.token) })
    endOfText = added.first { $0.content.utf8.elementsEqual(AddedToken.endOfText.utf8) }?.token
  }

  /// Number of tokens; they are `0..<vocabularySize`.
  public var vocabularySize: Int { vocabulary.count }

  /// The tokens of `text`.
  ///
  /// - Parameter allowSpecial: whether `<|endoftext|>` and its like, where they occur in the text, become their
  ///   tokens: of several, the leftmost and then the longest. Otherwise they are text like any other.
  public func encode(_ text: String, allowSpecial: Bool = false) -> [Int] {
    var text = text
    return text.withUTF8 { encode($0.span, allowSpecial: allowSpecial) }
  }

  /// The tokens of text given as bytes.
  ///
  /// What is not UTF-8 is encoded as well: each byte that is not part of a well-formed character counts as a character
  /// that is neither letter, nor number, nor white space.
  public func encode(_ bytes: some Collection<UInt8>, allowSpecial: Bool = false) -> [Int] {
    bytes.withContiguousStorageIfAvailable { encode($0.span, allowSpecial: allowSpecial) }
      ?? encode(Array(bytes).span, allowSpecial: allowSpecial)
  }

  private func encode(_ text: Span<UInt8>, allowSpecial: Bool) -> [Int] {
    var tokens: [Int] = []
    // English has four to five bytes a token; one reallocation at most doubles this for other text.
    tokens.reserveCapacity(text.count / 4 + 1)
    let added = allowSpecial ? allAdded : alwaysAdded
    var start = 0
    while let match = added.first(in: text, from: start) {
      encodeWords(of: text.extracting(start..<match.range.lowerBound), into: &tokens)
      tokens.append(match.token)
      start = match.range.upperBound
    }
    encodeWords(of: text.extracting(start...), into: &tokens)
    return tokens
  }

  private func encodeWords(of text: Span<UInt8>, into tokens: inout [Int]) {
    var start = 0
    while start < text.count {
      let end = PreTokenizer.endOfWord(in: text, from: start)
      let word = text.extracting(start..<end)
      if let token = vocabulary.word(word) {
        tokens.append(Int(token))
      } else {
        encoder.encode(word, into: &tokens)
      }
      start = end
    }
  }

  /// The bytes of the tokens, one after the other. They need not be UTF-8.
  ///
  /// - Throws: `TokenizerError.unknownToken` for a number that is no token.
  public func decode(_ tokens: some Sequence<Int>) throws(TokenizerError) -> [UInt8] {
    var bytes: [UInt8] = []
    for token in tokens {
      guard let slice = slice(of: token) else { throw .unknownToken(token, vocabularySize: vocabularySize) }
      bytes.append(contentsOf: slice)
    }
    return bytes
  }

  /// The bytes of one token; nil for a number that is no token.
  public func bytes(of token: Int) -> [UInt8]? {
    slice(of: token).map { Array($0) }
  }

  func slice(of token: Int) -> ArraySlice<UInt8>? {
    (0..<vocabulary.count).contains(token) ? vocabulary.bytes(of: token) : nil
  }
}

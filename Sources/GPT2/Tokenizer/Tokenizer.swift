/// Byte-level byte-pair encoding, as GPT-2 has it, with the tokens that were added to a vocabulary.
///
/// Added tokens are looked for first; what is left is cut into words by ``PreTokenizer``; inside a word, bytes and then
/// ever longer tokens merge by rank. Every sequence of bytes can be encoded, UTF-8 or not. Where all bytes have a token,
/// and no setting puts in or takes away white space or tokens, `decode(encode(bytes)) == bytes`.
public struct Tokenizer: Sendable {
  private let vocabulary: Vocabulary
  private let encoder: BytePairEncoder
  /// Added tokens that are looked for in the text as it is.
  private let exact: AddedTokens
  /// Added tokens that are looked for between those, in normalized text.
  private let normalized: AddedTokens
  private let preTokenization: PreTokenization
  private let normalizers: [TextNormalizer]
  /// What the files make of it, in short.
  public internal(set) var settings: Settings
  /// The token `<|endoftext|>`, if there is one.
  public let endOfText: Int?
  /// Tokens that are no text, as `<|endoftext|>`.
  public let specialTokens: Set<Int>

  init(
    vocabulary: Vocabulary, encoder: BytePairEncoder, exact: AddedTokens, normalized: AddedTokens,
    preTokenization: PreTokenization, normalizers: [TextNormalizer], settings: Settings, endOfText: Int?,
    specialTokens: Set<Int>
  ) {
    self.vocabulary = vocabulary
    self.encoder = encoder
    self.exact = exact
    self.normalized = normalized
    self.preTokenization = preTokenization
    self.normalizers = normalizers
    self.settings = settings
    self.endOfText = endOfText
    self.specialTokens = specialTokens
  }

  /// One more than the highest token. There need not be a token of every number below; see ``bytes(of:)``.
  public var vocabularySize: Int { vocabulary.count }

  /// The tokens of `text`.
  ///
  /// - Parameters:
  ///   - allowSpecial: whether `<|endoftext|>` and its like, where they occur in the text, become their tokens: of
  ///     several, the leftmost and then the longest. Otherwise they are text like any other. Other added tokens are read
  ///     always.
  ///   - addSpecial: whether the tokens that the tokenizer puts before and after a text are, where it has any.
  public func encode(_ text: String, allowSpecial: Bool = true, addSpecial: Bool = true) -> [Int] {
    var text = text
    return text.withUTF8 { encode($0.span, allowSpecial: allowSpecial, addSpecial: addSpecial) }
  }

  /// The tokens of text given as bytes.
  ///
  /// What is not UTF-8 is encoded as well: each byte that is not part of a well-formed character counts as a character
  /// that is neither letter, nor number, nor white space.
  public func encode(
    _ bytes: some Collection<UInt8>, allowSpecial: Bool = true, addSpecial: Bool = true
  ) -> [Int] {
    bytes.withContiguousStorageIfAvailable { encode($0.span, allowSpecial: allowSpecial, addSpecial: addSpecial) }
      ?? encode(Array(bytes).span, allowSpecial: allowSpecial, addSpecial: addSpecial)
  }

  private func encode(_ text: Span<UInt8>, allowSpecial: Bool, addSpecial: Bool) -> [Int] {
    let readsSpecial = allowSpecial && settings.readsSpecial
    var tokens: [Int] = []
    // English has four to five bytes a token; one reallocation at most doubles this for other text.
    tokens.reserveCapacity(text.count / 4 + 1)
    if addSpecial { tokens.append(contentsOf: settings.prefix) }
    for piece in exact.split(text, readsSpecial: readsSpecial) {
      switch piece {
      case .token(let token): tokens.append(token)
      case .text(let range):
        let text = text.extracting(range)
        if normalizers.isEmpty {
          encode(normalized: text, readsSpecial: readsSpecial, into: &tokens)
        } else {
          var bytes = PreTokenization.bytes(text)
          for normalize in normalizers { bytes = normalize(bytes.span) }
          encode(normalized: bytes.span, readsSpecial: readsSpecial, into: &tokens)
        }
      }
    }
    if addSpecial { tokens.append(contentsOf: settings.suffix) }
    return tokens
  }

  private func encode(normalized text: Span<UInt8>, readsSpecial: Bool, into tokens: inout [Int]) {
    for piece in normalized.split(text, readsSpecial: readsSpecial) {
      switch piece {
      case .token(let token): tokens.append(token)
      case .text(let range): encodeWords(of: text.extracting(range), into: &tokens)
      }
    }
  }

  private func encodeWords(of text: Span<UInt8>, into tokens: inout [Int]) {
    if !preTokenization.isPlain {
      for word in preTokenization.words(of: text) { encode(word: word.span, into: &tokens) }
    } else if preTokenization.addsPrefixSpace {
      encodePlainWords(of: PreTokenization.prefixed(PreTokenization.bytes(text)).span, into: &tokens)
    } else {
      encodePlainWords(of: text, into: &tokens)
    }
  }

  private func encodePlainWords(of text: Span<UInt8>, into tokens: inout [Int]) {
    var start = 0
    while start < text.count {
      let end = PreTokenizer.endOfWord(in: text, from: start)
      encode(word: text.extracting(start..<end), into: &tokens)
      start = end
    }
  }

  @inline(__always)
  private func encode(word: Span<UInt8>, into tokens: inout [Int]) {
    if let token = vocabulary.word(word) {
      tokens.append(Int(token))
    } else {
      encoder.encode(word, into: &tokens)
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

  /// A token as vocabularies spell it: a byte for a character, so that a space is `Ġ`; special tokens are as they are. Nil for
  /// a number that is no token.
  public func spelling(of token: Int) -> String? {
    slice(of: token).map {
      specialTokens.contains(token) ? String(decoding: $0, as: UTF8.self) : ByteAlphabet.spelling(of: $0)
    }
  }

  func slice(of token: Int) -> ArraySlice<UInt8>? {
    vocabulary.bytes(of: token)
  }
}

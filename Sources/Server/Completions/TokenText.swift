internal import GPT2

/// Tokens as a completion's log-probabilities show them.
struct TokenText {
  private let tokenizer: Tokenizer

  init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The token's text; `bytes:\xe2\x80` where it is not UTF-8 by itself.
  func text(of token: Int) -> String {
    guard let bytes = tokenizer.bytes(of: token) else { return "token:\(token)" }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return "bytes:"
      + bytes.map { byte in
        let digits = String(byte, radix: 16)
        return "\\x" + (digits.count == 1 ? "0" : "") + digits
      }.joined()
  }

  /// What was likely in a token's place, the token itself included.
  func alternatives(of token: SampledToken) -> [String: Float] {
    // JSON knows no infinity, and what cannot come is no alternative.
    var alternatives = token.logProbability.isFinite ? [text(of: token.token): token.logProbability] : [:]
    for other in token.top where other.logProbability.isFinite {
      let text = text(of: other.token)
      // Of two tokens of one text the likelier comes first.
      if alternatives[text] == nil { alternatives[text] = other.logProbability }
    }
    return alternatives
  }
}

/// Log-probabilities of a text's tokens, one after the other.
struct TokenTrail {
  private let text: TokenText
  private var decoder: StreamingDecoder
  /// Code points of the text before the next token.
  private var offset = 0

  init(_ tokenizer: Tokenizer) {
    text = TokenText(tokenizer)
    decoder = StreamingDecoder(tokenizer)
  }

  /// The next token, with what was likely in its place.
  mutating func append(_ token: SampledToken) -> TokenLogProbabilities {
    var entry = entry(token.token)
    entry.tokenLogprobs = [token.logProbability.isFinite ? token.logProbability : nil]
    entry.topLogprobs = [text.alternatives(of: token)]
    return entry
  }

  /// The first token of a prompt, which nothing stands before.
  mutating func appendFirst(_ token: Int) -> TokenLogProbabilities {
    var entry = entry(token)
    entry.tokenLogprobs = [nil]
    entry.topLogprobs = [nil]
    return entry
  }

  private mutating func entry(_ token: Int) -> TokenLogProbabilities {
    let entry = TokenLogProbabilities(tokens: [text.text(of: token)], textOffset: [offset])
    offset += decoder.append(token).unicodeScalars.count
    return entry
  }
}

internal import GPT2

/// Log-probabilities of a text's tokens, one after the other.
struct TokenTrail {
  private let text: TokenText
  private var decoder: StreamingDecoder
  /// Code points of the text before the next token.
  private var offset = 0
  /// Tokens that are no part of the text that is written.
  private let hidden: Set<Int>

  init(_ tokenizer: Tokenizer, hidesSpecialTokens: Bool = false, isByID: Bool = false) {
    text = TokenText(tokenizer, isByID: isByID)
    decoder = StreamingDecoder(tokenizer)
    hidden = hidesSpecialTokens ? tokenizer.specialTokens : []
  }

  /// The next token of a prompt, with what was likely in its place.
  mutating func append(_ token: SampledToken) -> TokenLogProbabilities {
    filled(entry(token.token), token)
  }

  /// The next token that was written.
  mutating func appendWritten(_ token: SampledToken) -> TokenLogProbabilities {
    filled(hidden.contains(token.token) ? place(token.token) : entry(token.token), token)
  }

  private func filled(_ entry: TokenLogProbabilities, _ token: SampledToken) -> TokenLogProbabilities {
    var entry = entry
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

  private func place(_ token: Int) -> TokenLogProbabilities {
    TokenLogProbabilities(tokens: [text.text(of: token)], textOffset: [offset])
  }

  private mutating func entry(_ token: Int) -> TokenLogProbabilities {
    let entry = place(token)
    offset += decoder.append(token).unicodeScalars.count
    return entry
  }
}

internal import GPT2

/// Tokens as a completion's log-probabilities show them.
struct TokenText {
  private let tokenizer: Tokenizer
  private let isByID: Bool

  /// - Parameter isByID: whether tokens are shown by their ids, so that all differ.
  init(_ tokenizer: Tokenizer, isByID: Bool = false) { (self.tokenizer, self.isByID) = (tokenizer, isByID) }

  /// The token's text; `bytes:\xe2\x80` where it is not UTF-8 by itself, or else `token_id:5`.
  func text(of token: Int) -> String {
    if isByID { return "token_id:\(token)" }
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

extension TokenText {
  /// What was likely in the place of a prompt's token, itself included, by id.
  func ranked(_ token: SampledToken, top count: Int) -> [String: PromptLogProbability] {
    func entry(_ token: Int, _ logProbability: Float, _ rank: Int) -> PromptLogProbability {
      // As vLLM writes what cannot come, since JSON knows no infinity.
      PromptLogProbability(
        logprob: max(logProbability, -9999), rank: rank,
        decodedToken: String(decoding: tokenizer.bytes(of: token) ?? [], as: UTF8.self))
    }
    var entries: [String: PromptLogProbability] = [:]
    for (index, other) in token.top.prefix(count).enumerated() {
      entries["\(other.token)"] = entry(other.token, other.logProbability, index + 1)
    }
    if entries["\(token.token)"] == nil {
      entries["\(token.token)"] = entry(token.token, token.logProbability, token.rank ?? 0)
    }
    return entries
  }
}

import GPT2
import Testing

@testable import Server

@Suite("Log-probabilities of a text")
struct TokenTrailTests {
  private func trail(_ tokens: [Int], _ tokenizer: Tokenizer) -> TokenLogProbabilities {
    var trail = TokenTrail(tokenizer)
    var all = TokenLogProbabilities()
    for (index, token) in tokens.enumerated() {
      all += index == 0 ? trail.appendFirst(token) : trail.append(SampledToken(token: token, logProbability: -1))
    }
    return all
  }

  @Test("say where each token begins, in code points", arguments: ["ROMEO: what light", "café au lait", "a🙂b — “c”"])
  func offsets(text: String) throws {
    let tokenizer = try Demo.tokenizer.get()
    let tokens = tokenizer.encode(text)
    let trail = trail(tokens, tokenizer)
    let scalars = Array(text.unicodeScalars)
    #expect(trail.tokens.count == tokens.count && trail.topLogprobs.count == tokens.count)
    #expect(trail.textOffset.first == 0 && trail.textOffset == trail.textOffset.sorted())
    for (token, offset) in zip(trail.tokens, trail.textOffset) where !token.hasPrefix("bytes:") {
      let end = offset + token.unicodeScalars.count
      try #require(end <= scalars.count)
      #expect(String(String.UnicodeScalarView(scalars[offset..<end])) == token)
    }
  }

  @Test("of a character whose bytes are several tokens stay where it begins until it is whole")
  func split() throws {
    let tokenizer = try Demo.tokenizer.get()
    // No merge of the demo model's makes one of these four bytes.
    let tokens = tokenizer.encode("a🙂b")
    try #require(tokens.count == 6)
    let trail = trail(tokens, tokenizer)
    #expect(trail.textOffset == [0, 1, 1, 1, 1, 2])
    #expect(trail.tokens == ["a", #"bytes:\xf0"#, #"bytes:\x9f"#, #"bytes:\x99"#, #"bytes:\x82"#, "b"])
    #expect(trail.tokenLogprobs[0] == nil && trail.tokenLogprobs[1] == -1)
  }

  @Test("hold the token itself among what was likely, and the likelier of two of one text")
  func alternatives() throws {
    let tokenizer = try Demo.tokenizer.get()
    let (a, b) = (tokenizer.encode("a")[0], tokenizer.encode("b")[0])
    let token = SampledToken(
      token: a, logProbability: -3,
      top: [.init(token: b, logProbability: -0.5), .init(token: a, logProbability: -3)])
    #expect(TokenText(tokenizer).alternatives(of: token) == ["a": -3, "b": -0.5])
    #expect(TokenText(tokenizer).text(of: 1 << 40) == "token:\(1 << 40)")
  }

  @Test("have null for what cannot come, since JSON knows no infinity")
  func impossible() throws {
    var trail = TokenTrail(try Demo.tokenizer.get())
    let entry = trail.append(
      SampledToken(
        token: 5, logProbability: -.infinity,
        top: [.init(token: 6, logProbability: -0.5), .init(token: 7, logProbability: -.infinity)]))
    #expect(entry.tokenLogprobs == [nil] && entry.topLogprobs.first??.count == 1)
    #expect(JSONText.text(entry).contains(#""token_logprobs":[null]"#))
  }
}

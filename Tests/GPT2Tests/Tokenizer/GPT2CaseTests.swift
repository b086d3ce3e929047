import JSON
import TestSupport
import Testing

@testable import GPT2

@Suite("GPT-2's own vocabulary", .enabled(if: GPT2Files.folder != nil, "needs shared/data/gpt2-tokenizer"))
struct GPT2CaseTests {
  @Test("encodes and decodes all published cases")
  func publishedCases() throws {
    let tokenizer = try GPT2Files.tokenizer()
    #expect(tokenizer.vocabularySize == 50257)
    #expect(tokenizer.endOfText == 50256)
    let cases = try GPT2Files.cases()
    #expect(cases.count >= 74)
    for `case` in cases {
      #expect(
        tokenizer.encode(`case`.text, allowSpecial: `case`.allowSpecial) == `case`.tokens, "\(`case`.text.quoted)")
      #expect(try tokenizer.decode(`case`.tokens) == Array(`case`.text.utf8), "\(`case`.text.quoted)")
    }
  }

  @Test("round-trips any bytes and streams them as text")
  func roundTrips() throws {
    let tokenizer = try GPT2Files.tokenizer()
    for seed in 0..<300 {
      var random = SeededNumbers(seed)
      let bytes = random.bytes(pieces: 50)
      let tokens = tokenizer.encode(bytes, allowSpecial: seed % 2 == 0)
      #expect(try tokenizer.decode(tokens) == bytes)
      var decoder = StreamingDecoder(tokenizer)
      let text = tokens.map { decoder.append($0) }.joined() + decoder.finish()
      #expect(text.utf8.elementsEqual(String(decoding: bytes, as: UTF8.self).utf8))
    }
  }
}

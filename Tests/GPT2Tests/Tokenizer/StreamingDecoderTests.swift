import TestSupport
import Testing

@testable import GPT2

@Suite("Decoding as tokens come")
struct StreamingDecoderTests {
  @Test(
    "gives every character when its last byte comes and nothing before",
    arguments: ["é", "中", "🙂", "\u{7FF}", "\u{800}"])
  func complete(character: String) throws {
    var decoder = StreamingDecoder(try ToyTokenizer.shared())
    let bytes = Array(character.utf8)
    #expect(decoder.append(Int(UInt8(ascii: "x"))) == "x")
    for byte in bytes.dropLast() { #expect(decoder.append(Int(byte)) == "") }
    #expect(decoder.append(Int(bytes.last!)) == character)
    #expect(decoder.finish() == "")
  }

  @Test("gives a broken character up as soon as it is known to be broken")
  func broken() throws {
    var decoder = StreamingDecoder(try ToyTokenizer.shared())
    #expect(decoder.append(0xE4) == "")
    #expect(decoder.append(0xB8) == "")
    #expect(decoder.append(0x61) == "\u{FFFD}a")
    // A byte that nothing can continue does not wait.
    #expect(decoder.append(0xFF) == "\u{FFFD}")
    #expect(decoder.append(0x80) == "\u{FFFD}")
    // A surrogate is known by its second byte.
    #expect(decoder.append(0xED) == "")
    #expect(decoder.append(0xA0) == "\u{FFFD}\u{FFFD}")
    #expect(decoder.append(0xF0) == "")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.append(0x61) == "a")
  }

  @Test("gives in all what decoding all the bytes at once gives", arguments: 0..<300)
  func wholeText(seed: Int) throws {
    var random = SeededNumbers(seed)
    let bytes = random.bytes(pieces: 30)
    var decoder = StreamingDecoder(try ToyTokenizer.shared())
    var text = ""
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + Int.random(in: 0...5, using: &random))
      text += decoder.append(bytes: bytes[start..<end])
      start = end
      // What is out is a beginning of the whole, and at most three bytes are not.
      let soFar = String(decoding: bytes[..<start], as: UTF8.self)
      #expect(soFar.utf8.starts(with: text.utf8))
      let waiting = soFar.unicodeScalars.count - text.unicodeScalars.count
      #expect(waiting <= 1)
    }
    text += decoder.finish()
    #expect(text.utf8.elementsEqual(String(decoding: bytes, as: UTF8.self).utf8))
  }

  @Test("shows a number that is no token, after what was pending, and goes on")
  func unknownToken() throws {
    let tokenizer = try ToyTokenizer.shared()
    var decoder = StreamingDecoder(tokenizer)
    #expect(decoder.append(0xC3) == "")
    #expect(decoder.append(ToyTokenizer.vocabularySize) == "\u{FFFD}\u{FFFD}")
    #expect(decoder.append(0xC3) == "")
    #expect(decoder.append(0xA9) == "é")
    #expect(tokenizer.text(of: [0x61, -1, 0x62, Int.max, 0xC3, 0xA9, 0xC3]) == "a\u{FFFD}b\u{FFFD}é\u{FFFD}")
  }
}

import TestSupport
import Testing

@testable import GPT2

@Suite("Cutting text into words")
struct PreTokenizerTests {
  static func words(of bytes: [UInt8]) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = PreTokenizer.endOfWord(in: bytes.span, from: start)
      words.append(Array(bytes[start..<end]))
      start = end
    }
    return words
  }

  static func words(of text: String) -> [String] {
    words(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
  }

  static let cases: [(String, [String])] = [
    ("", []),
    ("Hello world", ["Hello", " world"]),
    // Contractions: lower case and straight apostrophes only, and not behind a space.
    (
      "we'll I'd they've you're it's can't I'm",
      [
        "we", "'ll", " I", "'d", " they", "'ve", " you", "'re", " it", "'s", " can", "'t", " I", "'m",
      ]
    ),
    ("IT'S 'LL", ["IT", "'", "S", " '", "LL"]),
    ("it’s", ["it", "’", "s"]),
    ("'sand 'sand", ["'s", "and", " '", "sand"]),
    ("''s !'s", ["''", "s", " !'", "s"]),
    ("'r 'v 'l 're", ["'", "r", " '", "v", " '", "l", " '", "re"]),
    ("'r", ["'", "r"]),
    ("'", ["'"]),
    // Letters, numbers and the rest part company; a space goes with what follows.
    ("abc123!?x", ["abc", "123", "!?", "x"]),
    (" a 1 !", [" a", " 1", " !"]),
    ("x\u{B2}Ⅷ½٣", ["x", "\u{B2}Ⅷ½٣"]),
    // The last white space of a run goes with the next word if it is a space, and stands alone if not.
    ("a  b", ["a", " ", " b"]),
    ("a   b", ["a", "  ", " b"]),
    ("a \tb", ["a", " ", "\t", "b"]),
    ("a\t b", ["a", "\t", " b"]),
    ("a\r\nb", ["a", "\r", "\n", "b"]),
    ("a\n\n\nb", ["a", "\n\n", "\n", "b"]),
    ("a \n", ["a", " \n"]),
    ("a   ", ["a", "   "]),
    (" ", [" "]),
    ("\n", ["\n"]),
    // White space is the Unicode property: NBSP, NEL and the ideographic space are, ZWSP, U+180E and FS are not.
    ("a\u{A0}b", ["a", "\u{A0}", "b"]),
    ("a \u{A0}b", ["a", " ", "\u{A0}", "b"]),
    ("a\u{A0} b", ["a", "\u{A0}", " b"]),
    ("a\u{85}\u{3000}b", ["a", "\u{85}", "\u{3000}", "b"]),
    ("a\u{200B}b", ["a", "\u{200B}", "b"]),
    ("a\u{180E}b", ["a", "\u{180E}", "b"]),
    ("a \u{1C}\u{1F}b", ["a", " \u{1C}\u{1F}", "b"]),
    // Marks are neither letters nor numbers, however they look.
    ("e\u{301}a", ["e", "\u{301}", "a"]),
    ("नमस्ते", ["नमस", "\u{94D}", "त", "\u{947}"]),
    ("日本語 テスト。", ["日本語", " テスト", "。"]),
    ("👩\u{200D}👧 ok", ["👩\u{200D}👧", " ok"]),
    ("a\u{0}b", ["a", "\u{0}", "b"]),
  ]

  @Test("follows the published pattern", arguments: cases)
  func table(text: String, expected: [String]) {
    // Not of strings: to those, "e" with a combining mark may equal another.
    #expect(Self.words(of: Array(text.utf8)) == expected.map { Array($0.utf8) })
  }

  @Test("agrees with the naive twin on any text", arguments: 0..<200)
  func twin(seed: Int) {
    var random = SeededNumbers(seed)
    let text = String(decoding: random.bytes(pieces: 40), as: UTF8.self)
    #expect(Self.words(of: Array(text.utf8)) == NaiveTokenizer.words(of: text).map { Array($0.utf8) })
  }

  @Test(
    "takes bytes that are not UTF-8 for symbols",
    arguments: [
      ([0x61, 0xFF, 0x61], [[0x61], [0xFF], [0x61]]),
      // A byte that could begin a character, or that continues none.
      ([0xC3, 0x20, 0xA9], [[0xC3], [0x20, 0xA9]]),
      ([0x21, 0x80, 0xBF, 0x21, 0x31], [[0x21, 0x80, 0xBF, 0x21], [0x31]]),
      // Overlong forms, a surrogate, above U+10FFFF, cut short.
      ([0x61, 0xC1, 0xA1, 0x61], [[0x61], [0xC1, 0xA1], [0x61]]),
      ([0x61, 0xE0, 0x81, 0xA1, 0x61], [[0x61], [0xE0, 0x81, 0xA1], [0x61]]),
      ([0x61, 0xED, 0xA0, 0x80, 0x61], [[0x61], [0xED, 0xA0, 0x80], [0x61]]),
      ([0x61, 0xF4, 0x90, 0x80, 0x80], [[0x61], [0xF4, 0x90, 0x80, 0x80]]),
      ([0xE4, 0xB8, 0xAD, 0xE4, 0xB8], [[0xE4, 0xB8, 0xAD], [0xE4, 0xB8]]),
    ] as [([UInt8], [[UInt8]])])
  func illFormed(bytes: [UInt8], expected: [[UInt8]]) {
    #expect(Self.words(of: bytes) == expected)
  }

  @Test("decodes every scalar and refuses every surrogate")
  func scalars() {
    func decode(_ bytes: [UInt8]) -> (scalar: Unicode.Scalar, length: Int)? { WideCharacter.decode(bytes.span, at: 0) }
    for value in UInt32(0x80)...0x10FFFF {
      if let scalar = Unicode.Scalar(value) {
        let bytes = Array(UTF8.encode(scalar)!)
        let decoded = decode(bytes)
        if decoded?.scalar != scalar || decoded?.length != bytes.count { Issue.record("\(value)") }
      } else {
        let bytes = [0xE0 | UInt8(value >> 12), 0x80 | UInt8(value >> 6 & 0x3F), 0x80 | UInt8(value & 0x3F)]
        if decode(bytes) != nil { Issue.record("\(value)") }
      }
    }
  }
}

import JSON
import TestSupport
import Testing

@testable import GPT2

@Suite("Tokenizer")
struct TokenizerTests {
  private let tokenizer: Tokenizer

  init() throws { tokenizer = try ToyTokenizer.shared() }

  private static func bytes(_ text: String) -> [Int] { text.utf8.map { Int($0) } }
  private static func token(_ rank: Int) -> Int { ToyTokenizer.token(rank) }

  static let cases: [(String, [Int])] = [
    ("", []),
    ("hello", [token(3)]),
    ("hell", [token(2)]),
    ("help", [token(0)] + bytes("lp")),
    (" the", [token(5)]),
    // " t" comes first in rank, before "he" is there to be joined with.
    ("the thing", [token(13), token(4)] + bytes("h") + [token(7)]),
    ("é", [token(8)]),
    ("e\u{301}", bytes("e\u{301}")),
    // Merges do not reach over the ends of words.
    ("hello's", [token(3), token(10)]),
    ("hello 's", [token(3), token(11)] + bytes("s")),
    ("   x", [token(9)] + bytes(" x")),
    ("12 12", [token(12)] + bytes(" ") + [token(12)]),
    // o+oo is there only after o+o, of which the first is taken, and then has to be looked for again.
    ("ooo", [token(14)] + bytes("o")),
    ("oooooo", [token(14), token(14), token(14)]),
    ("\u{0}\r\n", [0, 13, 10]),
  ]

  @Test("makes the tokens that can be told by hand", arguments: cases)
  func table(text: String, expected: [Int]) throws {
    #expect(tokenizer.encode(text) == expected)
    #expect(tokenizer.encode(Array(text.utf8)) == expected)
    #expect(tokenizer.encode(AnyCollection(text.utf8)) == expected)
    #expect(try tokenizer.decode(expected) == Array(text.utf8))
  }

  @Test("knows its tokens")
  func tokens() throws {
    #expect(tokenizer.vocabularySize == ToyTokenizer.vocabularySize)
    #expect(tokenizer.endOfText == ToyTokenizer.endOfText)
    #expect(tokenizer.bytes(of: 0x20) == [0x20])
    #expect(tokenizer.bytes(of: Self.token(5)) == Array(" the".utf8))
    #expect(tokenizer.bytes(of: ToyTokenizer.endOfText) == Array("<|endoftext|>".utf8))
    for token in [-1, ToyTokenizer.vocabularySize, .max, .min] {
      #expect(tokenizer.bytes(of: token) == nil)
      #expect(throws: TokenizerError.unknownToken(token, vocabularySize: ToyTokenizer.vocabularySize)) {
        try tokenizer.decode([0, token])
      }
    }
    #expect(try tokenizer.decode([]) == [])
  }

  @Test("takes <|endoftext|> for a token unless it is told not to")
  func endOfText() throws {
    let end = ToyTokenizer.endOfText
    let text = "hello <|endoftext|><|endoftext|> the<|endoftext"
    let cut = Self.bytes("<|endoftext")
    let tokens = tokenizer.encode(text)
    // The text before it ends there, so that its space stays alone; the one after it goes with "the".
    #expect(tokens == [Self.token(3), 32, end, end, Self.token(5)] + cut)
    let plain = tokenizer.encode(text, allowSpecial: false)
    #expect(!plain.contains(end))
    #expect(try tokenizer.decode(plain) == Array(text.utf8))
    #expect(tokenizer.encode("<|endoftext|>", allowSpecial: true) == [end])
    #expect(tokenizer.encode("<|<|endoftext|>|>", allowSpecial: true) == Self.bytes("<|") + [end] + Self.bytes("|>"))
  }

  @Test("gives back any bytes it is given", arguments: 0..<200)
  func roundTrip(seed: Int) throws {
    var random = SeededNumbers(seed)
    let bytes =
      seed % 2 == 0
      ? random.bytes(pieces: 60) : (0..<200).map { _ in .random(in: .min ... .max, using: &random) }
    for allowSpecial in [false, true] {
      let tokens = tokenizer.encode(bytes, allowSpecial: allowSpecial)
      #expect(try tokenizer.decode(tokens) == bytes)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(tokenizer.encode(text) == tokenizer.encode(Array(text.utf8)))
  }

  @Test("agrees with the naive twin on any text", arguments: 0..<100)
  func twin(seed: Int) throws {
    var random = SeededNumbers(seed)
    let text = String(
      (0..<60).map { _ in
        ["he", "ll", "o", " ", "the", "thing", "é", "'s", "12", "\n", "x"].randomElement(using: &random)!
      }
      .joined())
    var twin = NaiveTokenizer(ranks: [:])
    for (rank, merge) in ToyTokenizer.merges.enumerated() {
      var left: [UInt8] = []
      var right: [UInt8] = []
      #expect(ByteAlphabet.decode(merge.0, into: &left) == nil)
      #expect(ByteAlphabet.decode(merge.1, into: &right) == nil)
      twin.ranks[.init(left: left, right: right)] = rank
    }
    let expected = NaiveTokenizer.words(of: text).flatMap { twin.symbols(of: Array($0.utf8)) }
    #expect(tokenizer.encode(text).map { tokenizer.bytes(of: $0)! } == expected)
  }

  @Test("looks a word up whole only where its merges lead to that token")
  func deadEntries() throws {
    // "hel" has an entry that no merge makes.
    let size = ToyTokenizer.vocabularySize
    let tokenizer = try Tokenizer(ToyTokenizer.folder(vocabulary: ToyTokenizer.vocabularyJSON(["hel": .integer(size)])))
    #expect(tokenizer.encode("hel") == [Self.token(0)] + Self.bytes("l"))
    #expect(tokenizer.bytes(of: size) == Array("hel".utf8))
  }

  @Test("finds added tokens leftmost first and then longest; those that are not special always")
  func addedTokens() throws {
    let first = ToyTokenizer.vocabularySize
    let contents = [("<a>", true), ("<a><b>", true), ("<b><", true), ("héllo wörld", false), ("he", false)]
    let added = contents.enumerated().map { index, entry in
      let content = JSONValue.string(entry.0)
      // "he" has an entry among the merges' own.
      return #"{"id":\#(entry.0 == "he" ? Self.token(0) : first + index),"content":\#(content),"special":\#(entry.1)}"#
    }
    let json = ToyTokenizer.json(added: "[\(added.joined(separator: ","))]")
    let tokenizer = try Tokenizer(ToyTokenizer.folder(json: json))
    #expect(tokenizer.vocabularySize == first + 4)
    #expect(tokenizer.encode("<a><b><b>", allowSpecial: true) == [first + 1] + Self.bytes("<b>"))
    #expect(tokenizer.encode("x<b><a>", allowSpecial: true) == Self.bytes("x") + [first + 2] + Self.bytes("a>"))
    #expect(tokenizer.encode("<a><a><b", allowSpecial: true) == [first, first] + Self.bytes("<b"))
    #expect(tokenizer.encode("<a>", allowSpecial: false) == Self.bytes("<a>"))
    #expect(tokenizer.encode("a héllo wörld") == Self.bytes("a ") + [first + 3])
    #expect(try tokenizer.decode([first + 3]) == Array("héllo wörld".utf8))
    #expect(tokenizer.encode("hello") == [Self.token(0)] + [Self.token(1)] + Self.bytes("o"))
    // What is passed over is passed over whole.
    #expect(tokenizer.encode("<b><a>", allowSpecial: false) == Self.bytes("<b><a>"))
  }

  @Test("spells every byte by a character of its own")
  func alphabet() {
    #expect(Set(ByteAlphabet.scalars).count == 256)
    #expect(ByteAlphabet.spelling(of: [0x00, 0x20, 0x21, 0x7F, 0x80, 0xA0, 0xAD, 0xFF]) == "ĀĠ!ġĢłŃÿ")
    for byte in UInt8.min...UInt8.max {
      var bytes: [UInt8] = []
      #expect(ByteAlphabet.decode(ByteAlphabet.spelling(of: [byte]), into: &bytes) == nil)
      #expect(bytes == [byte])
    }
    for text in [" ", "\u{7F}", "\u{A0}", "\u{AD}", "\u{144}", "\u{7FF}", "中", "🙂"] {
      var bytes: [UInt8] = []
      #expect(ByteAlphabet.decode("é\(text)x", into: &bytes) == 2)
      #expect(bytes == [0xE9])
    }
  }
}

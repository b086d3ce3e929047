import Testing

@testable import GPT2

@Suite("A tokenizer's files")
struct TokenizerFilesTests {
  private static func sample(_ tokenizer: Tokenizer) -> [Int] {
    tokenizer.encode("hello the thing's <|endoftext|>", allowSpecial: true)
  }

  private static func error(_ folder: CheckpointFolder) -> TokenizerError? {
    do throws(TokenizerError) {
      _ = try Tokenizer(folder)
      return nil
    } catch {
      return error
    }
  }

  private static func check(_ folder: CheckpointFolder, _ expected: TokenizerError) {
    let found = error(folder)
    #expect(found == expected)
    #expect(found?.description.isOneLine == true)
  }

  @Test(
    "merges.txt may lack its first line, have CR LF, and end in empty lines or in none",
    arguments: [
      ToyTokenizer.mergesText(header: ""),
      ToyTokenizer.mergesText(newline: "\r\n", end: "\r\n"),
      ToyTokenizer.mergesText(header: "#version: 0.2 - Trained by someone\r\n", newline: "\r\n", end: ""),
      ToyTokenizer.mergesText(end: ""),
      ToyTokenizer.mergesText(end: "\n\n\r\n\n"),
    ])
  func mergesForms(text: String) throws {
    let tokenizer = try Tokenizer(ToyTokenizer.folder(merges: text))
    #expect(try Self.sample(tokenizer) == Self.sample(ToyTokenizer.shared()))
  }

  @Test(
    "tokenizer.json says the same in all its forms",
    arguments: [
      ToyTokenizer.json(),
      ToyTokenizer.json(merges: JSONValue.array(ToyTokenizer.merges.map { .string("\($0.0) \($0.1)") }).description),
      ToyTokenizer.json(added: "[]"),
      ToyTokenizer.json(added: "null", postProcessor: #"{"type":"ByteLevel","trim_offsets":false}"#, decoder: "null"),
      ToyTokenizer.json(
        preTokenizer: #"{"type":"ByteLevel","add_prefix_space":false}"#,
        postProcessor: #"{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"special_tokens":{}}"#,
        model: #""dropout":null,"unk_token":"<|endoftext|>","continuing_subword_prefix":"","end_of_word_suffix":null,"#
          + #""fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"#),
      // The entry of an added token may be in added_tokens alone.
      ToyTokenizer.json(vocabulary: ToyTokenizer.vocabularyJSON(without: [ToyTokenizer.endOfText])),
    ])
  func tokenizerForms(json: String) throws {
    let tokenizer = try Tokenizer(ToyTokenizer.folder(json: json))
    #expect(tokenizer.endOfText == ToyTokenizer.endOfText)
    #expect(try Self.sample(tokenizer) == Self.sample(ToyTokenizer.shared()))
  }

  @Test("vocab.json and merges.txt come before tokenizer.json, which stands in for either")
  func precedence() throws {
    let vocabulary = Array(ToyTokenizer.vocabularyJSON().utf8)
    let merges = Array(ToyTokenizer.mergesText().utf8)
    let json = Array(ToyTokenizer.json().utf8)
    let broken: [UInt8] = [0]
    _ = try Tokenizer(.memory(["vocab.json": vocabulary, "merges.txt": merges, "tokenizer.json": broken]))
    _ = try Tokenizer(.memory(["vocab.json": broken, "tokenizer.json": json]))
    _ = try Tokenizer(.memory(["merges.txt": broken, "tokenizer.json": json]))
    Self.check(.memory(["vocab.json": vocabulary]), .folder("memory", .half(missing: "merges.txt")))
    Self.check(.memory(["merges.txt": merges]), .folder("memory", .half(missing: "vocab.json")))
    Self.check(.memory([:]), .folder("memory", .noTokenizer))
    Self.check(CheckpointFolder(path: "/nowhere/at/all"), .unreadable(.folder("/nowhere/at/all", .missing)))
    Self.check(
      .memory(["vocab.json": vocabulary, "merges.txt": []]), .unreadable(.file("memory/merges.txt", .empty)))
  }

  static let size = ToyTokenizer.vocabularySize
  static let end = ToyTokenizer.endOfText

  static let vocabularies: [(String, TokenizerError.VocabularyProblem)] = [
    ("[]", .notAnObject(found: "an array")),
    (ToyTokenizer.vocabularyJSON(["he": .string("256")]), .notANumber(entry: "he", found: "the string \"256\"")),
    (ToyTokenizer.vocabularyJSON(["he": .number(256.5)]), .notANumber(entry: "he", found: "the number 256.5")),
    (ToyTokenizer.vocabularyJSON(["he": .integer(257)]), .duplicateToken(257, entry: "ll")),
    (ToyTokenizer.vocabularyJSON(["he": .integer(-1)]), .tokenOutOfRange(-1, entry: "he", count: size)),
    (ToyTokenizer.vocabularyJSON(["x y": .integer(size)]), .foreignCharacter(" ", entry: "x y")),
    (ToyTokenizer.vocabularyJSON(["ań中": .integer(size)]), .foreignCharacter("ń", entry: "ań中")),
    (ToyTokenizer.vocabularyJSON(["\u{AD}": .integer(size)]), .foreignCharacter("\u{AD}", entry: "\u{AD}")),
    (ToyTokenizer.vocabularyJSON(["": .integer(size)]), .emptyToken(size)),
    (
      ToyTokenizer.vocabularyJSON(["new": .integer(size + 1)]),
      .tokenOutOfRange(size + 1, entry: "new", count: size + 1)
    ),
    (ToyTokenizer.vocabularyJSON(["new": .integer(.max)]), .tokenOutOfRange(.max, entry: "new", count: size + 1)),
    // An entry is lost, and the last token is now out of range.
    (ToyTokenizer.vocabularyJSON(without: [300 - 32]), .tokenOutOfRange(end, entry: "<|endoftext|>", count: size - 1)),
    // No token of the byte 0x20, but one more instead.
    (ToyTokenizer.vocabularyJSON(["new": .integer(0x20)], without: [0x20]), .missingByte(0x20)),
    ("{}", .missingByte(0)),
  ]

  @Test("faults of the vocabulary are told by name", arguments: vocabularies)
  func vocabularyFaults(json: String, problem: TokenizerError.VocabularyProblem) {
    Self.check(ToyTokenizer.folder(vocabulary: json), .vocabulary(file: "memory/vocab.json", problem))
    Self.check(
      ToyTokenizer.folder(json: ToyTokenizer.json(added: "[]", vocabulary: json)),
      problem == .notAnObject(found: "an array")
        ? .setting(path: "model.vocab", file: "memory/tokenizer.json", found: "an array", expected: "an object")
        : .vocabulary(file: "memory/tokenizer.json", problem))
  }

  static let merges: [(String, TokenizerError.MergeProblem)] = [
    ("#version: 0.2\nh e\nhe\n", .malformed(.line(3), found: "\"he\"")),
    ("h e\nl  l\n", .malformed(.line(2), found: "\"l  l\"")),
    (" h e\n", .malformed(.line(1), found: "\" h e\"")),
    ("h e \n", .malformed(.line(1), found: "\"h e \"")),
    ("h e\n l\n", .malformed(.line(2), found: "\" l\"")),
    ("h e\nl \n", .malformed(.line(2), found: "\"l \"")),
    ("#version: 0.2\nh e\n\nl l\n", .malformed(.line(3), found: "empty")),
    ("\nh e\n", .malformed(.line(1), found: "empty")),
    ("h e\n#version: 0.2\n", .unknownToken(.line(2), "#version:")),
    ("h e\tl\n", .foreignCharacter(.line(1), "\t", half: "e\tl")),
    ("h \u{A0}\n", .foreignCharacter(.line(1), "\u{A0}", half: "\u{A0}")),
    ("h e\nl l\nh e\n", .duplicate(.line(3), left: "h", right: "e")),
    ("h zz\n", .unknownToken(.line(1), "zz")),
    ("#version: 0.2\nh h\n", .unknownToken(.line(2), "hh")),
  ]

  @Test("faults of merges.txt are told by line", arguments: merges)
  func mergeFaults(text: String, problem: TokenizerError.MergeProblem) {
    Self.check(ToyTokenizer.folder(merges: text), .merges(file: "memory/merges.txt", problem))
  }

  @Test("bytes that are not UTF-8 are told by line or by offset")
  func notUTF8() {
    let merges: [UInt8] = Array("h e\nl ".utf8) + [0xFF, 0x0A]
    let vocabulary = Array(ToyTokenizer.vocabularyJSON().utf8)
    Self.check(
      .memory(["vocab.json": vocabulary, "merges.txt": merges]),
      .merges(file: "memory/merges.txt", .foreignCharacter(.line(2), "\u{FFFD}", half: "\u{FFFD}")))
    Self.check(
      .memory(["vocab.json": Array("{\"".utf8) + [0xFF], "merges.txt": merges]),
      .json(file: "memory/vocab.json", JSONError(.invalidUTF8(0xFF), offset: 2)))
  }

  static let elements: [(String, TokenizerError.MergeProblem)] = [
    (#"["h e", 5]"#, .malformed(.element(1), found: "the integer 5")),
    (#"["h e", ["l"]]"#, .malformed(.element(1), found: "an array")),
    (#"[["h", "e", "l"]]"#, .malformed(.element(0), found: "an array")),
    (#"[["h", 1]]"#, .malformed(.element(0), found: "an array")),
    (#"["he"]"#, .malformed(.element(0), found: "\"he\"")),
    (#"[["", "e"]]"#, .unknownToken(.element(0), "")),
    (#"[["h", "e"], "h e"]"#, .duplicate(.element(1), left: "h", right: "e")),
  ]

  @Test("faults of the merges in tokenizer.json are told by index", arguments: elements)
  func elementFaults(merges: String, problem: TokenizerError.MergeProblem) {
    let json = ToyTokenizer.json(merges: merges)
    Self.check(ToyTokenizer.folder(json: json), .merges(file: "memory/tokenizer.json", problem))
  }

  /// `tokenizer.json`, then the path, what is found there and what is expected.
  static let settings: [(String, String, String, String)] = [
    ("7", "the file", "the integer 7", "an object"),
    ("{}", "model", "absent", "an object"),
    (ToyTokenizer.json(type: #""Unigram""#), "model.type", "the string \"Unigram\"", "\"BPE\""),
    (ToyTokenizer.json(type: "null"), "model.type", "absent", "\"BPE\""),
    (ToyTokenizer.json(model: #""dropout":0.1,"#), "model.dropout", "the number 0.1", "null"),
    (
      ToyTokenizer.json(model: #""continuing_subword_prefix":"\#u{23}\#u{23}","#), "model.continuing_subword_prefix",
      "the string \"##\"", "null"
    ),
    (
      ToyTokenizer.json(model: #""end_of_word_suffix":"</w>","#), "model.end_of_word_suffix", "the string \"</w>\"",
      "null"
    ),
    (ToyTokenizer.json(model: #""byte_fallback":true,"#), "model.byte_fallback", "true", "false"),
    (ToyTokenizer.json(model: #""ignore_merges":true,"#), "model.ignore_merges", "true", "false"),
    (ToyTokenizer.json(model: #""ignore_merges":0,"#), "model.ignore_merges", "the integer 0", "false"),
    (ToyTokenizer.json(normalizer: #"{"type":"NFC"}"#), "normalizer", "an object", "null"),
    (ToyTokenizer.json(preTokenizer: "null"), "pre_tokenizer", "absent", "an object"),
    (
      ToyTokenizer.json(preTokenizer: #"{"type":"Whitespace"}"#), "pre_tokenizer.type", "the string \"Whitespace\"",
      "\"ByteLevel\""
    ),
    (
      ToyTokenizer.json(preTokenizer: #"{"type":"ByteLevel","add_prefix_space":true}"#),
      "pre_tokenizer.add_prefix_space", "true", "false"
    ),
    (ToyTokenizer.json(preTokenizer: #"{"type":"ByteLevel"}"#), "pre_tokenizer.add_prefix_space", "absent", "false"),
    (
      ToyTokenizer.json(preTokenizer: #"{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}"#),
      "pre_tokenizer.use_regex", "false", "true"
    ),
    (
      ToyTokenizer.json(postProcessor: #"{"type":"BertProcessing"}"#), "post_processor.type",
      "the string \"BertProcessing\"", "\"ByteLevel\""
    ),
    (
      ToyTokenizer.json(postProcessor: #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}}]}"#),
      "post_processor.single[0]", "an object", "the text's own Sequence"
    ),
    (ToyTokenizer.json(decoder: #"{"type":"WordPiece"}"#), "decoder.type", "the string \"WordPiece\"", "\"ByteLevel\""),
    (ToyTokenizer.json(merges: "{}"), "model.merges", "an object", "an array"),
    (ToyTokenizer.json(added: "{}"), "added_tokens", "an object", "an array"),
    (ToyTokenizer.json(added: "[7]"), "added_tokens[0]", "the integer 7", "an object"),
    (ToyTokenizer.json(added: #"[{"content":"x"}]"#), "added_tokens[0].id", "absent", "an integer"),
    (ToyTokenizer.json(added: #"[{"id":1}]"#), "added_tokens[0].content", "absent", "a string"),
    (
      ToyTokenizer.json(added: #"[{"id":\#(size),"content":"x y","lstrip":true}]"#), "added_tokens[0].lstrip", "true",
      "false"
    ),
    (
      ToyTokenizer.json(added: #"[{"id":\#(size),"content":"x y","special":"yes"}]"#), "added_tokens[0].special",
      "the string \"yes\"", "true or false"
    ),
    (
      ToyTokenizer.json(added: #"[{"id":\#(size),"content":"\#(String(repeating: "x", count: 1025))"}]"#),
      "added_tokens[0].content", "1025 bytes long", "at most 1024 bytes"
    ),
  ]

  @Test("a tokenizer.json of another kind of tokenizer is refused by the setting's name", arguments: settings)
  func settingFaults(json: String, path: String, found: String, expected: String) {
    Self.check(
      ToyTokenizer.folder(json: json),
      .setting(path: path, file: "memory/tokenizer.json", found: found, expected: expected))
  }

  static let additions: [(String, TokenizerError.VocabularyProblem)] = [
    (#"[{"id":\#(size),"content":""}]"#, .emptyToken(size)),
    (#"[{"id":\#(size),"content":"x y"},{"id":\#(size + 1),"content":"x y"}]"#, .addedTwice("x y")),
    (#"[{"id":5,"content":"<|endoftext|>"}]"#, .addedElsewhere("<|endoftext|>", token: 5, entry: end)),
    (#"[{"id":5,"content":"x y"}]"#, .duplicateToken(5, entry: "x y")),
    (#"[{"id":\#(size + 1),"content":"x y"}]"#, .tokenOutOfRange(size + 1, entry: "x y", count: size + 1)),
    // An added token stands for itself, so that this one no longer stands for the byte 0x20.
    (#"[{"id":32,"content":"Ġ"}]"#, .missingByte(0x20)),
  ]

  @Test("faults of added tokens are told by name", arguments: additions)
  func addedFaults(added: String, problem: TokenizerError.VocabularyProblem) {
    Self.check(
      ToyTokenizer.folder(json: ToyTokenizer.json(added: added)),
      .vocabulary(file: "memory/tokenizer.json", problem))
  }

  @Test("an added token is no merge's, neither by what it spells nor by what it is")
  func addedApart() throws {
    let description = TokenizerDescription(
      vocabularyFile: "v", entries: [("Ġt", 0), ("a", 1)], mergesFile: "m", merges: [])
    let added = [AddedToken(content: "Ġt", token: 0, isSpecial: true)]
    let vocabulary = try Vocabulary(description, added: added)
    func token(_ bytes: [UInt8]) -> UInt32? { vocabulary.token(bytes.span) }
    #expect(token(Array(" t".utf8)) == nil)
    #expect(token(Array("Ġt".utf8)) == nil)
    #expect(token(Array("a".utf8)) == 1)
    #expect(Array(vocabulary.bytes(of: 0)) == Array("Ġt".utf8))
  }

  @Test("a cut or altered file is refused or read, but never traps", arguments: 0..<60)
  func damage(seed: Int) {
    var random = SplitMix(seed)
    func damaged(_ text: String) -> [UInt8] {
      var bytes = Array(text.utf8)
      if seed % 3 == 0 { return Array(bytes.prefix(.random(in: 0..<bytes.count, using: &random))) }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = .random(in: .min ... .max, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes.insert(Array("\"\\{}[],: 09-\n".utf8).randomElement(using: &random)!, at: index)
        }
      }
      return bytes
    }
    let vocabulary = ToyTokenizer.vocabularyJSON()
    let merges = ToyTokenizer.mergesText()
    for folder: CheckpointFolder in [
      .memory(["vocab.json": damaged(vocabulary), "merges.txt": Array(merges.utf8)]),
      .memory(["vocab.json": Array(vocabulary.utf8), "merges.txt": damaged(merges)]),
      .memory(["tokenizer.json": damaged(ToyTokenizer.json())]),
    ] {
      if let error = Self.error(folder) { #expect(error.description.isOneLine) }
    }
  }
}

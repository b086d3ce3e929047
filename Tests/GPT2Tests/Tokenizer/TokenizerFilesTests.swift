import JSON
import TestSupport
import Testing

@testable import GPT2

@Suite("A tokenizer's files")
struct TokenizerFilesTests {
  private static func sample(_ tokenizer: Tokenizer) -> [Int] {
    tokenizer.encode("hello the thing's <|endoftext|>")
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
    let tokenizer = try Tokenizer(ToyTokenizer.folder(json: json, class: "GPT2TokenizerFast"))
    #expect(tokenizer.endOfText == ToyTokenizer.endOfText)
    #expect(try Self.sample(tokenizer) == Self.sample(ToyTokenizer.shared()))
  }

  @Test("tokenizer.json comes before vocab.json and merges.txt")
  func precedence() throws {
    let vocabulary = Array(ToyTokenizer.vocabularyJSON().utf8)
    let merges = Array(ToyTokenizer.mergesText().utf8)
    let json = Array(ToyTokenizer.json().utf8)
    let broken: [UInt8] = [0]
    _ = try Tokenizer(.memory(["vocab.json": broken, "merges.txt": broken, "tokenizer.json": json]))
    Self.check(
      .memory(["vocab.json": vocabulary, "merges.txt": merges, "tokenizer.json": broken]),
      .json(file: "memory/tokenizer.json", JSONError(.unexpectedByte(0, expected: .value), offset: 0)))
    Self.check(.memory(["vocab.json": vocabulary]), .folder("memory", .half(missing: "merges.txt")))
    Self.check(.memory(["merges.txt": merges]), .folder("memory", .half(missing: "vocab.json")))
    Self.check(.memory(["vocab.bpe": merges, "encoder.json": vocabulary]), .folder("memory", .firstNames))
    Self.check(.memory([:]), .folder("memory", .noTokenizer))
    Self.check(CheckpointFolder(path: "/nowhere/at/all"), .unreadable(.folder("/nowhere/at/all", .missing)))
    Self.check(
      .memory(["vocab.json": vocabulary, "merges.txt": []]), .unreadable(.file("memory/merges.txt", .empty)))
  }

  @Test(
    "tokenizers of other kinds are named",
    arguments: [
      (["spiece.model": "x"], "spiece.model", .sentencePiece),
      (["tokenizer.model": "x"], "tokenizer.model", .sentencePiece),
      (["vocab.txt": "x", "vocab.json": "{}"], "vocab.txt", .wordPiece),
      (["tiktoken.model": "x"], "tiktoken.model", .tiktoken),
      (["tokenizer.json": ToyTokenizer.json(type: #""Unigram""#)], "tokenizer.json", .sentencePiece),
      (["tokenizer.json": ToyTokenizer.json(type: #""WordPiece""#)], "tokenizer.json", .wordPiece),
      (["tokenizer.json": ToyTokenizer.json(type: #""WordLevel""#)], "tokenizer.json", .wordLevel),
      (["tokenizer.json": ToyTokenizer.json(preTokenizer: #"{"type":"Metaspace"}"#)], "tokenizer.json", .sentencePiece),
      (
        ["tokenizer.json": ToyTokenizer.json(preTokenizer: "null", model: #""byte_fallback":true,"#)], "tokenizer.json",
        .sentencePiece
      ),
      (["tokenizer.json": ToyTokenizer.json(model: #""end_of_word_suffix":"</w>","#)], "tokenizer.json", .characterBPE),
      (
        ["tokenizer.json": ToyTokenizer.json(), "tokenizer_config.json": #"{"tokenizer_class":"BertTokenizer"}"#],
        "tokenizer_config.json", .wordPiece
      ),
      (
        ["tokenizer.json": ToyTokenizer.json(), "config.json": #"{"tokenizer_class":"T5Tokenizer"}"#], "config.json",
        .sentencePiece
      ),
    ] as [([String: String], String, TokenizerKind)])
  func kinds(files: [String: String], file: String, kind: TokenizerKind) {
    Self.check(.memory(files.mapValues { Array($0.utf8) }), .kind(file: "memory/\(file)", kind))
  }

  static let size = ToyTokenizer.vocabularySize
  static let end = ToyTokenizer.endOfText

  static let vocabularies: [(String, TokenizerError.VocabularyProblem)] = [
    ("[]", .notAnObject(found: "an array")),
    (ToyTokenizer.vocabularyJSON(["he": .string("256")]), .notANumber(entry: "he", found: "the string \"256\"")),
    (ToyTokenizer.vocabularyJSON(["he": .number(256.5)]), .notANumber(entry: "he", found: "the number 256.5")),
    (ToyTokenizer.vocabularyJSON(["he": .integer(-1)]), .tokenOutOfRange(-1, entry: "he", limit: MergeTable.limit - 1)),
    (
      ToyTokenizer.vocabularyJSON(["new": .integer(.max)]),
      .tokenOutOfRange(.max, entry: "new", limit: MergeTable.limit - 1)
    ),
    ("{}", .noBytes),
    (#"{"x y":0,"":1}"#, .noBytes),
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
    ("h e\tl\n", .unknownToken(.line(1), "e\tl")),
    ("h \u{A0}\n", .unknownToken(.line(1), "\u{A0}")),
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
      .merges(file: "memory/merges.txt", .unknownToken(.line(2), "\u{FFFD}")))
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
    (ToyTokenizer.json(type: #""Best""#), "model.type", "the string \"Best\"", "\"BPE\""),
    (ToyTokenizer.json(type: "7"), "model.type", "the integer 7", "\"BPE\""),
    (
      ToyTokenizer.json(top: #""version":"2","#).replacing(#""version":"1.0","#, with: ""), "version",
      "the string \"2\"", "\"1.0\""
    ),
    (ToyTokenizer.json(model: #""dropout":0.1,"#), "model.dropout", "the number 0.1", "null"),
    (
      ToyTokenizer.json(model: #""continuing_subword_prefix":"\#u{23}\#u{23}","#), "model.continuing_subword_prefix",
      "the string \"##\"", "null"
    ),
    (
      ToyTokenizer.json(model: #""end_of_word_suffix":"_","#), "model.end_of_word_suffix", "the string \"_\"",
      "null"
    ),
    (ToyTokenizer.json(model: #""byte_fallback":true,"#), "model.byte_fallback", "true", "false"),
    (ToyTokenizer.json(model: #""ignore_merges":0,"#), "model.ignore_merges", "the integer 0", "true or false"),
    (
      ToyTokenizer.json(normalizer: #"{"type":"NFC"}"#), "normalizer.type", "the string \"NFC\"",
      "\"Lowercase\" or no normalizer"
    ),
    (ToyTokenizer.json(preTokenizer: "null"), "pre_tokenizer", "absent", "a ByteLevel pre-tokenizer"),
    (
      ToyTokenizer.json(preTokenizer: #"{"type":"Whitespace"}"#), "pre_tokenizer.type", "the string \"Whitespace\"",
      "\"ByteLevel\""
    ),
    (
      ToyTokenizer.json(preTokenizer: #"{"type":"ByteLevel"}"#), "pre_tokenizer.add_prefix_space", "absent",
      "true or false"
    ),
    (
      ToyTokenizer.json(
        preTokenizer: #"{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"x"}}]}"#),
      "pre_tokenizer.pretokenizers[0].pattern.Regex", "the string \"x\"", "GPT-2's pattern"
    ),
    (
      ToyTokenizer.json(postProcessor: #"{"type":"Odd"}"#), "post_processor.type", "the string \"Odd\"",
      "\"ByteLevel\" or \"TemplateProcessing\""
    ),
    (
      ToyTokenizer.json(postProcessor: #"{"type":"TemplateProcessing","single":[],"special_tokens":{}}"#),
      "post_processor.single", "an array", "the text's own Sequence"
    ),
    (
      ToyTokenizer.json(
        postProcessor: #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}}],"special_tokens":{}}"#),
      "post_processor.special_tokens.<s>", "absent", "an object"
    ),
    (ToyTokenizer.json(decoder: #"{"type":"WordPiece"}"#), "decoder.type", "the string \"WordPiece\"", "\"ByteLevel\""),
    (ToyTokenizer.json(merges: "{}"), "model.merges", "an object", "an array"),
    (ToyTokenizer.json(added: "{}"), "added_tokens", "an object", "an array"),
    (ToyTokenizer.json(added: "[7]"), "added_tokens[0]", "the integer 7", "an object"),
    (ToyTokenizer.json(added: #"[{"content":"x"}]"#), "added_tokens[0].id", "absent", "an integer"),
    (ToyTokenizer.json(added: #"[{"id":1}]"#), "added_tokens[0].content", "absent", "a string"),
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

  @Test("an added token has the id of its entry, or the next one; the file's own id does not count")
  func addedIDs() throws {
    let added =
      #"[{"id":5,"content":"<|endoftext|>"},{"id":7,"content":"<x>"},{"id":7,"content":""},{"id":0,"content":"<y>"},"#
      + #"{"id":7,"content":"<x>","special":true}]"#
    let tokenizer = try Tokenizer(ToyTokenizer.folder(json: ToyTokenizer.json(added: added)))
    #expect(tokenizer.encode("<|endoftext|><x><y>") == [Self.end, Self.size, Self.size + 1])
    #expect(tokenizer.encode("<x>", allowSpecial: false) == Array("<x>".utf8).map { Int($0) })
    #expect(tokenizer.settings.addedTokenCount == 3)
    #expect(tokenizer.settings.specialTokenCount == 1)
    #expect(tokenizer.settings.tokenCount == Self.size + 2)
  }

  @Test("ids may have holes, and entries may share one")
  func holes() throws {
    let vocabulary = ToyTokenizer.vocabularyJSON(["new": .integer(5000), "old": .integer(256), "x y": .integer(4999)])
    let tokenizer = try Tokenizer(ToyTokenizer.folder(vocabulary: vocabulary))
    #expect(tokenizer.vocabularySize == 5001)
    #expect(tokenizer.settings.tokenCount == Self.size + 2)
    #expect(tokenizer.bytes(of: 4998) == nil)
    #expect(tokenizer.bytes(of: 4999) == Array("x y".utf8))
    #expect(tokenizer.bytes(of: 256) == Array("old".utf8))
    #expect(tokenizer.encode("he") == [256])
    #expect(throws: TokenizerError.unknownToken(300, vocabularySize: 5001)) { try tokenizer.decode([300]) }
  }

  @Test("entries and added tokens without number or end take little time", .timeLimit(.minutes(2)))
  func large() throws {
    let long = String(repeating: "x", count: 2_000_000)
    let many = (0..<5_000).map { "\"<extra \($0)>\"" }.joined(separator: ",")
    let folder = CheckpointFolder.memory([
      "vocab.json": Array(ToyTokenizer.vocabularyJSON([long: .integer(Self.size)]).utf8),
      "merges.txt": Array(ToyTokenizer.mergesText().utf8),
      "tokenizer_config.json": Array("{\"additional_special_tokens\":[\(many)]}".utf8),
    ])
    let tokenizer = try Tokenizer(folder)
    #expect(tokenizer.bytes(of: Self.size)?.count == 2_000_000)
    #expect(tokenizer.encode("<extra 0><extra 4999>") == [Self.size + 1, Self.size + 5_000])
    Self.check(
      .memory([
        "vocab.json": Array(ToyTokenizer.vocabularyJSON().utf8), "merges.txt": Array(ToyTokenizer.mergesText().utf8),
        "tokenizer_config.json": Array("{\"bos_token\":\"\(long)\"}".utf8),
      ]),
      .setting(
        path: "bos_token", file: "memory/tokenizer_config.json", found: "2000000 bytes long",
        expected: "at most 1024 bytes"))
  }

  @Test("a template's token that there is not is told of")
  func templateToken() {
    let json = ToyTokenizer.json(
      postProcessor: #"{"type":"BertProcessing","sep":["a",97],"cls":["b",4000]}"#)
    Self.check(
      ToyTokenizer.folder(json: json), .vocabulary(file: "memory/tokenizer.json", .templateToken(4000)))
  }

  static let configuration =
    #"{"tokenizer_class":"GPT2Tokenizer","add_prefix_space":true,"bos_token":"<s>","pad_token":{"__type":"AddedToken","#
    + #""content":"<p>","lstrip":true},"additional_special_tokens":["<x>"],"added_tokens_decoder":{"3":{"content":"y"}}}"#

  @Test("a cut or altered file is refused or read, but never traps", arguments: 0..<60)
  func damage(seed: Int) {
    var random = SeededNumbers(seed)
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
      ToyTokenizer.folder(
        json: ToyTokenizer.json(),
        files: ["tokenizer_config.json": String(decoding: damaged(Self.configuration), as: UTF8.self)]),
    ] {
      if let error = Self.error(folder) { #expect(error.description.isOneLine) }
    }
  }
}

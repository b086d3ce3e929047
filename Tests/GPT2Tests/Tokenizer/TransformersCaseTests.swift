import Foundation
import JSON
import Testing

@testable import GPT2

/// Folders of every kind that people bring, and what transformers 5 makes of texts there; Tests/Scripts/make_tokenizer_fixture.py.
@Suite("The ids that transformers makes")
struct TransformersCaseTests {
  struct Case {
    var text: String
    var tokens: [Int]
    /// With special tokens read as text.
    var plain: [Int]
  }

  private static let fixture = Result {
    try JSONValue(parsing: Array(Data(contentsOf: GoldenFixture.folder.appending(path: "tokenizers.json"))))
  }

  static let names = [
    "hf4-fast", "hf4-slow", "hf4-legacy", "specials-inside-vocab", "prefix-space", "prefix-space-not-said",
    "prefix-space-generic", "missing-alphabet", "missing-alphabet-unknown", "missing-alphabet-fused", "template",
    "template-roberta", "strips", "strips-slow", "lowercase", "digits", "no-pattern", "odd-merges", "alone",
    "split-special",
  ]

  private static func folder(_ name: String) throws -> (folder: CheckpointFolder, cases: [Case]) {
    let root = try #require(try fixture.get().object)
    let files = try #require(root["files"]?.object)
    let entry = try #require(root["folders"]?.object?[name]?.object)
    var contents: [String: [UInt8]] = [:]
    for member in try #require(entry["files"]?.object).members {
      contents[member.key] = Array(try #require(files[member.value.string ?? ""]?.string).utf8)
    }
    let cases = try #require(entry["cases"]?.array).map { value in
      let parts = try #require(value.array)
      let tokens = try #require(parts[1].array).compactMap(\.integer)
      return Case(
        text: try #require(parts[0].string), tokens: tokens, plain: parts[2].array?.compactMap(\.integer) ?? tokens)
    }
    return (.memory(contents), cases)
  }

  @Test("names all folders of the fixture")
  func all() throws {
    let folders = try #require(try Self.fixture.get().object?["folders"]?.object)
    #expect(folders.members.map(\.key) == Self.names)
  }

  @Test("are those that the tokenizer makes", arguments: names)
  func ids(name: String) throws {
    let (folder, cases) = try Self.folder(name)
    let tokenizer = try Tokenizer(folder)
    #expect(cases.count == 50)
    for entry in cases {
      #expect(tokenizer.encode(entry.text) == entry.tokens, "\(entry.text.quoted)")
      #expect(tokenizer.encode(entry.text, allowSpecial: false) == entry.plain, "\(entry.text.quoted)")
    }
  }

  @Test("a template's tokens are left out on demand, and settings tell of them")
  func template() throws {
    let (folder, _) = try Self.folder("template")
    let tokenizer = try Tokenizer(folder)
    let (bare, whole) = (tokenizer.encode("worker", addSpecial: false), tokenizer.encode("worker"))
    #expect(whole == tokenizer.settings.prefix + bare + tokenizer.settings.suffix)
    #expect(tokenizer.settings.prefix == [tokenizer.settings.beginning])
    #expect(tokenizer.settings.suffix == [tokenizer.settings.end])
    #expect(tokenizer.settings.files == ["tokenizer.json", "tokenizer_config.json"])
    #expect(try Tokenizer(Self.folder("prefix-space").folder).settings.addsPrefixSpace)
    #expect(try !Tokenizer(Self.folder("missing-alphabet").folder).settings.isLossless)
  }

  @Test("an added token of the byte alphabet decodes to its bytes where those are text")
  func decoding() throws {
    let tokenizer = try Tokenizer(Self.folder("strips").folder)
    let new = tokenizer.encode("Ġnew", addSpecial: false)
    #expect(new.count == 1)
    #expect(try tokenizer.decode(new) == Array(" new".utf8))
    #expect(try tokenizer.decode(tokenizer.encode("é")) == Array("é".utf8))
  }
}

import FoundationEssentials
import JSON
import TestSupport
import Testing

@testable import GPT2

/// Replays what fuzzing has found worth keeping (see Fuzz/run): each input is read or refused, and none traps.
@Suite("Fuzz corpus")
struct CorpusTests {
  /// Files of Fuzz/corpus/`target`, by name.
  private static func inputs(_ target: String) throws -> [String: [UInt8]] {
    let root = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let folder = root.appending(path: "Fuzz/corpus/\(target)")
    var inputs: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      inputs[name] = Array(try Data(contentsOf: folder.appending(path: name)))
    }
    return inputs
  }

  /// Runs `read` on every input; a corpus worth the name holds some that can be read and some that cannot.
  private static func replay(_ target: String, _ read: ([UInt8]) throws -> Void) throws {
    var (readable, refused) = (0, 0)
    for (name, bytes) in try inputs(target) {
      do {
        try read(bytes)
        readable += 1
      } catch {
        refused += 1
        #expect("\(error)".isOneLine, "\(target)/\(name)")
      }
    }
    #expect(readable > 0)
    #expect(refused > 0)
  }

  /// The file that Fuzz/shared/safetensorsFile.swift makes of an input.
  private static func safetensorsFile(_ input: [UInt8]) -> [UInt8] {
    guard input.first == UInt8(ascii: "{") else { return input }
    let header = input.prefix { $0 != 0x0A }
    return ToyCheckpoint.safetensors(
      header: Array(header), data: Array(input.dropFirst(header.count + 1)))
  }

  @Test("of JSON")
  func json() throws {
    try Self.replay("json") { bytes in
      let text = try JSONValue(parsing: bytes).description
      #expect(try Array(JSONValue(parsing: Array(text.utf8)).description.utf8) == Array(text.utf8))
    }
  }

  @Test("of safetensors headers")
  func safetensors() throws {
    try Self.replay("safetensors") { bytes in
      let file = Self.safetensorsFile(bytes)
      let source = try CheckpointFolder.memory(["f": file]).open("f")
      let entries = try SafetensorsHeader(source).entries
      #expect(entries.last.map { $0.bytes.upperBound == file.count } ?? true)
    }
  }

  @Test("of whole checkpoints")
  func checkpoints() throws {
    try Self.replay("checkpoint") { bytes in
      // The form that Fuzz/checkpoint.swift describes.
      let pieces = bytes.split(separator: 0xFF, omittingEmptySubsequences: false).map(Array.init)
      let isSharded = pieces.count > 1 && !pieces[1].isEmpty
      let weights = pieces.dropFirst(2).map(Self.safetensorsFile)
      var files = Dictionary(uniqueKeysWithValues: zip(isSharded ? ["a", "b"] : ["model.safetensors"], weights))
      files["config.json"] = pieces[0]
      if isSharded { files["model.safetensors.index.json"] = pieces[1] }
      let checkpoint = try Checkpoint(.memory(files))
      _ = try checkpoint.fingerprint()
    }
  }

  @Test("of tokenizers and texts")
  func tokenizers() throws {
    let entries = (0...255).map { "\(JSONValue.string(ByteAlphabet.spelling(of: [UInt8($0)]))):\($0)" }
    let singleBytes = Array(entries.joined(separator: ",").utf8)
    try Self.replay("tokenizer") { bytes in
      // The form that Fuzz/tokenizer.swift describes.
      let pieces = bytes.split(separator: 0xFF, maxSplits: 4, omittingEmptySubsequences: false).map(Array.init)
      let json = Array(pieces[0].split(separator: 1, omittingEmptySubsequences: false).joined(separator: singleBytes))
      let hasMerges = pieces.count > 1 && !pieces[1].isEmpty
      var files = hasMerges ? ["vocab.json": json, "merges.txt": pieces[1]] : ["tokenizer.json": json]
      if pieces.count > 3 { files["tokenizer_config.json"] = pieces[3] }
      if pieces.count > 4 { (files["special_tokens_map.json"], files["added_tokens.json"]) = (pieces[4], pieces[4]) }
      let tokenizer = try Tokenizer(.memory(files))
      let text = pieces.count > 2 ? pieces[2] : []
      for allowSpecial in [false, true] {
        let decoded = try tokenizer.decode(tokenizer.encode(text, allowSpecial: allowSpecial, addSpecial: false))
        if tokenizer.settings.isLossless { #expect(decoded == text) }
      }
    }
  }
}

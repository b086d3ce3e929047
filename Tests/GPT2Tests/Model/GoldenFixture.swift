import Foundation
import JSON

@testable import GPT2

/// A checkpoint and what PyTorch computes from it; Tests/Scripts/make_fixtures.py writes them and describes the files.
struct GoldenFixture {
  struct Sequence {
    var tokens: [Int]
    /// ln p(tokens[t + 1] | tokens[0…t]), `[T − 1]`.
    var logLikelihoods: [Double]
    /// `[L + 1, T, C]`: what enters each block, and what leaves the last.
    var hidden: [Float]
    /// `[T, C]`, after ln_f.
    var normed: [Float]
    /// `[T, V]`
    var logits: [Float]
  }

  let checkpoint: Checkpoint
  let sequences: [Sequence]
  let prompt: [Int]
  /// The most likely continuation of `prompt`.
  let greedy: [Int]

  static let folder = Bundle.module.resourceURL!.appending(path: "Fixtures")

  /// All folders of the fixtures that hold golden files.
  static var names: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { FileManager.default.fileExists(atPath: folder.appending(path: "\($0)/golden.json").path) }
      .sorted()
  }

  init(_ name: String, weights: WeightTypes.Choice = .auto) throws {
    let folder = CheckpointFolder(path: Self.folder.appending(path: name).path)
    checkpoint = try Checkpoint(folder, weights: weights)
    let json = try JSONValue(parsing: folder.read("golden.json", limit: 1 << 20))
    let golden = try GoldenTensors(folder.open("golden.safetensors"))
    let configuration = checkpoint.configuration
    let (layers, width) = (configuration.layerCount, configuration.width)
    sequences = try Self.array(json.object?["sequences"]).enumerated().map { number, value in
      let tokens = try Self.array(value.object?["tokens"]).map { try Self.unwrap($0.integer) }
      let count = tokens.count
      return Sequence(
        tokens: tokens,
        logLikelihoods: try Self.array(value.object?["log_likelihoods"]).map { value in
          if case .number(let number) = value { return number }
          return Double(try Self.unwrap(value.integer))
        },
        hidden: try golden.floats("sequence.\(number).hidden", [layers + 1, count, width]),
        normed: try golden.floats("sequence.\(number).normed", [count, width]),
        logits: try golden.floats("sequence.\(number).logits", [count, configuration.vocabularySize]))
    }
    let greedy = json.object?["greedy"]?.object
    prompt = try Self.array(greedy?["prompt"]).map { try Self.unwrap($0.integer) }
    self.greedy = try Self.array(greedy?["tokens"]).map { try Self.unwrap($0.integer) }
  }

  struct Malformed: Error {}

  private static func unwrap<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Malformed() }
    return value
  }

  private static func array(_ value: JSONValue?) throws -> [JSONValue] { try unwrap(value?.array) }
}

/// The tensors of a golden file, all fp32.
private struct GoldenTensors {
  private let source: ByteSource
  private let header: SafetensorsHeader

  init(_ source: ByteSource) throws {
    self.source = source
    header = try SafetensorsHeader(source)
  }

  func floats(_ name: String, _ shape: [Int]) throws -> [Float] {
    guard let entry = header.entries.first(where: { $0.name == name }), entry.shape == shape, entry.type == .f32 else {
      throw GoldenFixture.Malformed()
    }
    return try source.read(entry.bytes).withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }
}

import Foundation
import JSON
import MicroBatching
import Platform
import TestSupport
import Testing

@testable import GPT2

/// One toy GPT-2 as different programs save it; Tests/Scripts/make_checkpoint_variants.py writes it and what
/// transformers makes of it.
struct CheckpointVariant: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let files: [String: [UInt8]]
  let prompt: [Int]
  let tokens: [Int]
  let ends: [Int]
  let beginning: Int?
  let leftAside: [String]

  static let folder = CheckpointFolder(path: GoldenFixture.folder.appending(path: "variants").path)
  static let json = try! JSONValue(parsing: folder.read("variants.json", limit: 1 << 20)).object!
  static let all = json["variants"]!.array!.map { try! CheckpointVariant($0.object!) }

  private init(_ json: JSONObject) throws {
    func integers(_ key: String) -> [Int] { json[key]!.array!.map { $0.integer! } }
    testDescription = json["name"]!.string!
    var files = [
      "config.json": Array(json["config"]!.string!.utf8),
      "model.safetensors": try Self.folder.read(json["weights"]!.string!, limit: 1 << 20),
    ]
    if let generation = json["generation"]?.string { files["generation_config.json"] = Array(generation.utf8) }
    self.files = files
    (prompt, tokens, ends) = (integers("prompt"), integers("tokens"), integers("eos"))
    beginning = json["bos"]?.integer
    leftAside = json["left_aside"]!.array!.map { $0.string! }
  }
}

@Suite("Checkpoints as programs save them")
struct VariantTests {
  @Test("are read as transformers reads them, with its greedy text and its ends", arguments: CheckpointVariant.all)
  func transformers(variant: CheckpointVariant) throws {
    let checkpoint = try Checkpoint(.memory(variant.files))
    #expect(checkpoint.configuration.endOfTextTokens == variant.ends)
    #expect(checkpoint.configuration.beginningOfTextToken == variant.beginning)
    #expect(checkpoint.leftAside.sorted() == variant.leftAside)
    #expect(try greedy(checkpoint, variant) == variant.tokens)
  }

  private func greedy(_ checkpoint: Checkpoint, _ variant: CheckpointVariant) throws -> [Int] {
    let kernels = try Kernels.selected()
    let model = try Model(checkpoint, slotCount: 1, kernels: kernels, pool: ThreadPool(threadCount: 1))
    let hidden = try Activations(width: model.configuration.width)
    let logits = try Activations(width: model.configuration.vocabularySize)
    var generation = try Generation(
      GenerationRequest(prompt: variant.prompt, options: .greedy, maximumTokens: 10),
      configuration: model.configuration, tokenizer: nil)
    while let input = generation.takeInput(atMost: 64) {
      let count = input.tokens.count
      try model.forward(
        input.tokens, MicroBatch([Segment(slot: 0, start: input.start, count: count)]), into: hidden)
      try model.logits(of: hidden, rows: count - 1..<count, into: logits)
      _ = generation.accept(try generation.sample(UnsafeBufferPointer(logits[0]).span, kernels: kernels))
    }
    return Array(generation.tokens)
  }

  @Test("differ where they are to, so that no rule passes unseen")
  func distinct() {
    #expect(CheckpointVariant.all.count >= 50)
    #expect(Set(CheckpointVariant.all.map(\.tokens)).count >= 10)
    #expect(CheckpointVariant.all.contains { $0.leftAside.count >= 8 })
  }

  @Test("have activations that are those of torch, under every name", arguments: Kernels.available)
  func activations(kernels: Kernels) throws {
    func numbers(_ value: JSONValue?) -> [Double] {
      value!.array!.map { if case .number(let number) = $0 { number } else { Double($0.integer!) } }
    }
    let json = CheckpointVariant.json["activations"]!.object!
    let (inputs, outputs) = (numbers(json["inputs"]), json["outputs"]!.object!.members)
    #expect(outputs.count == 22)
    for (name, values) in outputs {
      let activation = try #require(Configuration.Activation(name: name), "\(name)")
      let x = PaddedRows(inputs.map { Float($0) })
      ActivationTests.activate(kernels, activation, x)
      for (input, (found, expected)) in zip(inputs, zip(x.values, numbers(values))) {
        // Inputs are rounded to fp32 too.
        #expect(
          (Double(found) - expected).magnitude <= 3e-7 * max(1, input.magnitude, expected.magnitude),
          "\(name)(\(input)) is \(found), torch has \(expected)")
      }
    }
  }

  @Test("names every activation when it knows none of that name")
  func unknown() throws {
    var files = CheckpointVariant.all[0].files
    files["config.json"] = Array(#"{"activation_function":"xielu"}"#.utf8)
    let error = #expect(throws: CheckpointError.self) { _ = try Checkpoint(.memory(files)) }
    let text = error?.description ?? ""
    #expect(text.isOneLine)
    #expect(Configuration.Activation.allCases.allSatisfy { text.contains($0.rawValue) })
  }
}

import Testing

@testable import GPT2

@Suite("Weight types")
struct WeightTypesTests {
  typealias Choice = WeightTypes.Choice
  typealias Stored = StoredTensor.ElementType

  private static let kept: [(Stored, WeightType)] = [(.f32, .f32), (.f64, .f32), (.bf16, .bf16), (.f16, .f16)]

  @Test("of auto are those of the file, tensor by tensor, but for F64", arguments: kept)
  func auto(stored: Stored, held: WeightType) {
    let types = WeightTypes(.auto, blocks: [stored, stored], embedding: stored, head: .f32)
    #expect(types.choice == .auto)
    #expect((types.blocks, types.embedding, types.head) == (held, held, .f32))
    let others = WeightTypes(.auto, blocks: [.bf16], embedding: .f16, head: stored)
    #expect((others.blocks, others.embedding, others.head) == (.bf16, .f16, held))
    #expect(Choice.auto.type(ofBlock: stored) == held && Choice.auto.type(ofEmbedding: stored) == held)
  }

  @Test("of the blocks are said by the largest, where they differ")
  func largest() {
    for blocks in [[Stored.bf16, .f32, .f16], [.f64, .bf16], [.f32]] {
      #expect(WeightTypes(.auto, blocks: blocks, embedding: .f16, head: .f16).blocks == .f32)
    }
    #expect(WeightTypes(.auto, blocks: [.f16, .f16], embedding: .f32, head: .f32).blocks == .f16)
    #expect(WeightTypes(.auto, blocks: [], embedding: .f16, head: .f16).blocks == .f32)
  }

  @Test("are what is asked for, whatever the file has", arguments: [Choice.f32, .bf16, .f16], kept)
  func chosen(choice: Choice, stored: (Stored, WeightType)) {
    let types = WeightTypes(choice, blocks: [stored.0, .f16], embedding: stored.0, head: .bf16)
    let type = WeightType(rawValue: choice.rawValue)
    #expect(types.choice == choice)
    #expect((types.blocks, types.embedding, types.head) == (type, type, type))
  }

  @Test("of INT8 leave the token embedding as auto would", arguments: kept)
  func int8(stored: Stored, held: WeightType) {
    let types = WeightTypes(.int8, blocks: [stored, .f32], embedding: stored, head: stored)
    #expect((types.blocks, types.embedding, types.head) == (.int8, held, .int8))
  }

  @Test("are found in a checkpoint's tensors", arguments: Stored.allCases, [true, false])
  func checkpoint(stored: Stored, tiesHead: Bool) throws {
    var configuration = RandomModels.oddShape
    configuration.tiesHead = tiesHead
    // One matrix of the blocks, the embedding and the vectors are of their own types.
    func checkpoint(_ choice: Choice) throws -> WeightTypes {
      try Checkpoint.random(configuration, seed: 1, weights: choice) { name in
        switch name {
        case "wte.weight": .bf16
        case "lm_head.weight": .f16
        case let name where name.hasSuffix("bias") || name == "wpe.weight" || name.contains("ln_"): .f64
        case "h.1.mlp.c_fc.weight": stored
        default: .f16
        }
      }.configuration.weights
    }
    let auto = try checkpoint(.auto)
    #expect(auto.blocks == (stored == .f32 || stored == .f64 ? .f32 : .f16))
    #expect(auto.embedding == .bf16 && auto.head == (tiesHead ? .bf16 : .f16))
    let int8 = try checkpoint(.int8)
    #expect((int8.blocks, int8.embedding, int8.head) == (.int8, .bf16, .int8))
    #expect(try checkpoint(.f32) == WeightTypes(.f32))
  }

  @Test("are said by name, and what auto comes to by that")
  func names() {
    for choice in Choice.allCases {
      let types = WeightTypes(choice, blocks: [.bf16], embedding: .f16, head: .f16)
      #expect(types.name == (choice == .auto ? "bf16" : choice.rawValue))
    }
    #expect(Choice.allCases.map(\.rawValue) == ["auto", "f32", "bf16", "f16", "int8"])
    #expect(WeightTypes().choice == .f32)
  }

  @Test(
    "of another process are what it names; a name there is not is none", arguments: Choice.allCases, WeightType.allCases
  )
  func otherProcess(choice: Choice, blocks: WeightType) throws {
    let types = try #require(WeightTypes(choice: choice.rawValue, blocks: blocks.rawValue))
    #expect(types.choice == choice && types.blocks == blocks)
    for name in ["", "F32", "int4", "auto ", "fp16"] {
      #expect(WeightTypes(choice: name, blocks: blocks.rawValue) == nil)
      #expect(WeightTypes(choice: choice.rawValue, blocks: name) == nil)
    }
    #expect(WeightTypes(choice: choice.rawValue, blocks: "auto") == nil)
  }

  @Test("are no part of the file, nor of what a checkpoint is known by", arguments: Choice.allCases)
  func file(choice: Choice) throws {
    let plain = try RandomModels.odd.get()
    let chosen = try Checkpoint.random(RandomModels.oddShape, seed: 2, weights: choice)
    #expect(chosen.configuration.weights.choice == choice)
    #expect(chosen.configuration.isLike(plain.configuration))
    #expect((chosen.configuration == plain.configuration) == (choice == .auto))
    #expect(chosen.configuration.json == plain.configuration.json)
    #expect(chosen.configuration.fingerprint == plain.configuration.fingerprint)
    #expect(try chosen.fingerprint() == plain.fingerprint())
  }
}

import MicroBatching
import Platform
import TestSupport
import Testing

@testable import GPT2

@Suite("Tied head")
struct TiedHeadTests {
  /// A toy whose numbers are all finite, and a copy of its embedding stored as the head's matrix.
  private static func toy() -> ToyCheckpoint {
    var toy = ToyCheckpoint()
    for tensor in toy.tensors.indices {
      for i in stride(from: 3, to: toy.tensors[tensor].bytes.count, by: 4) { toy.tensors[tensor].bytes[i] = 0x3D }
    }
    var head = toy.tensors[toy.index(of: "wte.weight")]
    head.name = "lm_head.weight"
    toy.tensors.append(head)
    return toy
  }

  private func logits(_ toy: ToyCheckpoint) throws -> [Float] {
    let model = try Model(
      Checkpoint(.memory(toy.files)), slotCount: 1, kernels: .selected(), pool: ThreadPool(threadCount: 2))
    let hidden = try Activations(width: model.configuration.width)
    let logits = try Activations(width: model.configuration.vocabularySize)
    try model.forward([1, 2], MicroBatch([Segment(slot: 0, start: 0, count: 2)]), into: hidden)
    try model.logits(of: hidden, rows: 0..<2, into: logits)
    return logits.values
  }

  @Test("may be stored as a copy of the embedding, before or behind it, and nothing is said of it")
  func copy() throws {
    let toy = Self.toy()
    var plain = toy
    plain.tensors.removeLast()
    var first = toy
    first.tensors.insert(first.tensors.removeLast(), at: 0)
    let checkpoint = try Checkpoint(.memory(toy.files))
    #expect(checkpoint.configuration.tiesHead && checkpoint.notes == [])
    #expect(try logits(toy) == logits(plain))
    #expect(try logits(first) == logits(plain))
    #expect(try checkpoint.fingerprint() == Checkpoint(.memory(plain.files)).fingerprint())
  }

  @Test("is the matrix that is stored when that is another, and it is said", arguments: [0, 13, 27])
  func other(element: Int) throws {
    var toy = Self.toy()
    toy.tensors[toy.index(of: "lm_head.weight")].bytes[element * 4 + 2] ^= 0x40
    let checkpoint = try Checkpoint(.memory(toy.files))
    #expect(!checkpoint.configuration.tiesHead)
    #expect(checkpoint.notes.count == 1 && checkpoint.notes[0].contains("lm_head.weight differs"))
    #expect(checkpoint.notes.filter { !$0.isOneLine } == [])
    var untied = toy
    untied.configuration = untied.configuration.replacing("}", with: #","tie_word_embeddings":false}"#)
    #expect(try Checkpoint(.memory(untied.files)).notes == [])
    #expect(try logits(toy) == logits(untied))
    #expect(try logits(toy) != logits(Self.toy()))
    #expect(try checkpoint.fingerprint() == Checkpoint(.memory(untied.files)).fingerprint())
  }

  @Test("is the embedding too where only the head is stored")
  func alone() throws {
    var toy = Self.toy()
    toy.tensors.remove(at: toy.index(of: "wte.weight"))
    #expect(try logits(toy) == logits(Self.toy()))
    #expect(
      try Checkpoint(.memory(toy.files)).fingerprint() == Checkpoint(.memory(Self.toy().files)).fingerprint())
    toy.configuration = toy.configuration.replacing("}", with: #","tie_word_embeddings":false}"#)
    let error = #expect(throws: CheckpointError.self) { _ = try Checkpoint(.memory(toy.files)) }
    #expect(error == .tensor("wte.weight", file: "memory/model.safetensors", .missing))
  }
}

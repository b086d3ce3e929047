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

  private func load(_ toy: ToyCheckpoint) throws {
    _ = try Model(
      Checkpoint(.memory(toy.files)), slotCount: 1, kernels: .selected(), pool: ThreadPool(threadCount: 2))
  }

  @Test("may be stored as a copy of the embedding")
  func copy() throws {
    try load(Self.toy())
  }

  @Test("is refused when what is stored is another matrix", arguments: [0, 13, 27])
  func other(element: Int) throws {
    var toy = Self.toy()
    toy.tensors[toy.index(of: "lm_head.weight")].bytes[element * 4 + 2] ^= 1
    #expect(
      throws: CheckpointError.tensor(
        "lm_head.weight", file: "memory/model.safetensors", .notTied(embedding: "wte.weight"))
    ) { try load(toy) }
  }
}

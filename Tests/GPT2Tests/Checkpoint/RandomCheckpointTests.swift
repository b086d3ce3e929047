import MicroBatching
import Platform
import Testing

@testable import GPT2

@Suite("A checkpoint of random weights")
struct RandomCheckpointTests {
  private let configuration = Configuration(
    layerCount: 2, headCount: 4, width: 64, positionCount: 96, vocabularySize: 700)

  private func values(_ name: String, _ shape: [Int]) throws -> [UInt16] {
    let checkpoint = try Checkpoint(randomWeightsOf: configuration, name: "random")
    let tensor = try checkpoint.tensor(name, shape: shape)
    var values = [UInt16](repeating: 0, count: tensor.elementCount)
    try values.withUnsafeMutableBytes { try tensor.read(elements: 0..<tensor.elementCount, into: $0) }
    return values
  }

  @Test("is the same every time, and has no two rows or tensors alike")
  func same() throws {
    let matrix = try values("h.0.mlp.c_fc.weight", [64, 256])
    #expect(try values("h.0.mlp.c_fc.weight", [64, 256]) == matrix)
    #expect(try values("h.1.mlp.c_fc.weight", [64, 256]) != matrix)
    let rows = Set((0..<64).map { row in Array(matrix[(row * 256)..<(row * 256 + 256)]) })
    #expect(rows.count == 64)
    let floats = matrix.map { Float(bitPattern: UInt32($0) << 16) }
    let mean = floats.reduce(0, +) / Float(floats.count)
    #expect(floats.allSatisfy { abs($0) <= 0.0301 })
    #expect(abs(mean) < 0.001)
    #expect(try values("ln_f.weight", [64]) == Array(repeating: 0x3F80, count: 64))
  }

  @Test("runs, and its logits are finite and no two alike")
  func runs() throws {
    let checkpoint = try Checkpoint(randomWeightsOf: configuration, name: "random")
    let model = try Model(checkpoint, slotCount: 1, kernels: Kernels.selected(), pool: ThreadPool(threadCount: 1))
    let (hidden, logits) = (try Activations(width: 64), try Activations(width: 700))
    try model.forward([1, 2, 3], MicroBatch([Segment(slot: 0, start: 0, count: 3)]), into: hidden)
    try model.logits(of: hidden, rows: 2..<3, into: logits)
    let values = (0..<700).map { logits[0][$0] }
    #expect(values.allSatisfy(\.isFinite) && Set(values).count > 650)
  }
}

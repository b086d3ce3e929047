import MicroBatching
import Platform
import TestSupport
import Testing

@testable import GPT2

/// The first promise with matrices of every type; SameBitsTests says more of F32.
@Suite("Same bits by weight type")
struct WeightTypeTests {
  enum Size: CaseIterable, Sendable {
    case even, odd
    var shape: Configuration { self == .even ? RandomModels.evenShape : RandomModels.oddShape }
    var sequences: [[Int]] { RandomModels.tokens(self == .even ? [130, 1] : [75, 2], of: shape, seed: 7) }
  }

  /// Each sequence for itself in one piece, on one thread.
  private static func reference(_ checkpoint: Checkpoint, _ sequences: [[Int]]) throws -> [SequenceOutput] {
    let model = try Model(checkpoint, .available[0])
    let outputs = try sequences.map { try model.run($0) }
    for output in outputs {
      #expect(output.hidden.allSatisfy { $0.isFinite } && output.logits.allSatisfy { $0.isFinite })
      #expect(Set(output.logits).count > output.logits.count / 2)
    }
    return outputs
  }

  @Test(
    "for files of two bytes, or of all types, held as they are and as F32",
    arguments: [StoredTensor.ElementType.bf16, .f16, nil], Size.allCases)
  func widened(stored: StoredTensor.ElementType?, size: Size) throws {
    let types: [StoredTensor.ElementType] = [.bf16, .f32, .f16, .f64]
    func checkpoint(_ choice: WeightTypes.Choice) throws -> Checkpoint {
      try Checkpoint.random(size.shape, seed: 3, weights: choice) { stored ?? types[$0.utf8.count % 4] }
    }
    let (auto, f32) = (try checkpoint(.auto), try checkpoint(.f32))
    #expect(auto.configuration.weights.blocks.rawValue == (stored?.rawValue.lowercased() ?? "f32"))
    let expected = try Self.reference(f32, size.sequences)
    for kernels in Kernels.available {
      for threads in [1, 2] {
        let model = try Model(auto, slotCount: 2, threads: threads, kernels)
        let found = try model.run(size.sequences, .together(size.sequences.map(\.count)))
        #expect(firstDifference(found, expected) == nil, "\(kernels.name), \(threads) threads")
      }
    }
  }

  @Test("for matrices that are rounded when they are loaded, and those that were when the file was written")
  func rounded() throws {
    for (choice, stored) in [(WeightTypes.Choice.bf16, StoredTensor.ElementType.bf16), (.f16, .f16)] {
      let loaded = try Checkpoint.random(RandomModels.oddShape, seed: 4, weights: choice)
      let written = try Checkpoint.random(RandomModels.oddShape, seed: 4) { name in
        let isMatrix = name.hasSuffix(".weight") && !name.contains("ln_") && name != "wpe.weight"
        return isMatrix ? stored : .f32
      }
      let sequences = Size.odd.sequences
      let (found, expected) = (try Self.reference(loaded, sequences), try Self.reference(written, sequences))
      #expect(firstDifference(found, expected) == nil)
      #expect(firstDifference(try Self.reference(RandomModels.odd.get(), sequences), expected) != nil)
    }
  }

  @Test(
    "in chunks of any length, with others, on any number of threads, instruction set and stages",
    arguments: WeightTypes.Choice.allCases.filter { $0 != .auto }, Size.allCases)
  func chunking(choice: WeightTypes.Choice, size: Size) throws {
    let checkpoint = try Checkpoint.random(size.shape, seed: 5, weights: choice)
    let sequences = size.sequences
    let (counts, width) = (sequences.map(\.count), size.shape.width)
    let expected = try Self.reference(checkpoint, sequences)
    for kernels in Kernels.available {
      for threads in [1, 2] {
        let model = try Model(checkpoint, slotCount: 2, threads: threads, kernels)
        for length in [1, 7, 64, counts[0]] {
          let found = try model.run(sequences, .chunks(of: length, counts))
          #expect(firstDifference(found, expected) == nil, "\(kernels.name), \(threads) threads, chunks of \(length)")
        }
        let mixed = try model.run(sequences, .random(counts, seed: threads))
        #expect(firstDifference(mixed, expected) == nil, "\(kernels.name), \(threads) threads, with others")
      }
      let pool = ThreadPool(threadCount: 1)
      let x = try Activations(width: width)
      let microBatch = MicroBatch([Segment(slot: 0, start: 0, count: counts[0])])
      let embedding = try Embedding(checkpoint, kernels: kernels, pool: pool)
      let head = try Head(checkpoint, tiedTo: embedding, kernels: kernels, pool: pool)
      try embedding.apply(sequences[0], microBatch, into: x)
      var rows = x.values
      for layer in 0..<size.shape.layerCount {
        let stage = try Stage(checkpoint, layers: layer..<layer + 1, slotCount: 1, kernels: kernels, pool: pool)
        rows = try stage.run(rows, width: width, layer % 2 == 0 ? [counts[0]] : [1, counts[0] - 1])
      }
      try x.replace(by: rows)
      let hidden = try Activations(width: width)
      try head.normalize(x, into: hidden)
      #expect(BitDifference(hidden.values, expected[0].hidden) == nil, "\(kernels.name), a stage a block")
    }
  }

  @Test(
    "of INT8 go in by the file's token embedding and out by a matrix of INT8, tied or not", arguments: [true, false])
  func head(isTied: Bool) throws {
    var shape = RandomModels.oddShape
    shape.tiesHead = isTied
    let (width, vocabulary) = (shape.width, shape.vocabularySize)
    for stored in [StoredTensor.ElementType.f32, .bf16] {
      let checkpoint = try Checkpoint.random(shape, seed: 6, weights: .int8) { _ in stored }
      let tokens = Size.odd.sequences[0]
      for kernels in Kernels.available {
        let output = try Model(checkpoint, kernels).run(tokens)
        let matrix = try checkpoint.floats(isTied ? "wte.weight" : "lm_head.weight", shape: [vocabulary, width])
        let naive = NaiveProduct(
          rows: tokens.count, inner: width, columns: vocabulary, a: output.hidden,
          b: (0..<matrix.count).map { matrix[$0 % vocabulary * width + $0 / vocabulary] }, bias: nil)
        #expect(BitDifference(output.logits, naive.expected(as: .int8)) == nil)
        let pool = ThreadPool(threadCount: 1)
        let x = try Activations(width: width)
        try Embedding(checkpoint, kernels: kernels, pool: pool)
          .apply([7], MicroBatch([Segment(slot: 0, start: 0, count: 1)]), into: x)
        let embedded = try checkpoint.floats("wte.weight", shape: [vocabulary, width])[7 * width..<8 * width]
        let place = try checkpoint.floats("wpe.weight", shape: [shape.positionCount, width])[..<width]
        #expect(BitDifference(x.values, zip(embedded, place).map(+)) == nil)
      }
    }
  }
}

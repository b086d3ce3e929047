import Foundation
import MicroBatching
import Platform
import Testing

@testable import GPT2

@Suite("Golden outputs of PyTorch")
struct GoldenTests {
  /// The most that ‖found − expected‖ / ‖expected‖ may be, about what PyTorch's own fp32 differs from its fp64 by.
  private static let tolerance = 1e-6

  private static func error(_ found: [Float], _ expected: some Collection<Float>) -> Double {
    precondition(found.count == expected.count)
    var (difference, norm) = (0.0, 0.0)
    for (found, expected) in zip(found, expected) {
      difference += (Double(found) - Double(expected)) * (Double(found) - Double(expected))
      norm += Double(expected) * Double(expected)
    }
    return (difference / norm).squareRoot()
  }

  @Test("are all looked at")
  func names() {
    #expect(
      GoldenFixture.names == [
        "bf16", "f16-shards", "inverse-layer", "long-context", "one-head", "one-head-ragged", "relu-inner", "tiny-odd",
        "unscaled", "untied", "wide-heads",
      ])
  }

  @Test("are met block by block, by the final norm and by the logits", arguments: GoldenFixture.names)
  func blocks(name: String) throws {
    let fixture = try GoldenFixture(name)
    let configuration = fixture.checkpoint.configuration
    #expect(fixture.sequences.count >= 3)
    for kernels in Kernels.available {
      let pool = ThreadPool(threadCount: 2)
      let embedding = try Embedding(fixture.checkpoint, kernels: kernels, pool: pool)
      let head = try Head(fixture.checkpoint, tiedTo: embedding, kernels: kernels, pool: pool)
      let stages = try (0..<configuration.layerCount).map {
        try Stage(fixture.checkpoint, layers: $0..<$0 + 1, slotCount: 1, kernels: kernels, pool: pool)
      }
      let x = try Activations(width: configuration.width)
      let normed = try Activations(width: configuration.width)
      let logits = try Activations(width: configuration.vocabularySize)
      for sequence in fixture.sequences {
        let count = sequence.tokens.count
        let microBatch = MicroBatch([Segment(slot: 0, start: 0, count: count)])
        func expected(_ layer: Int) -> ArraySlice<Float> {
          let size = count * configuration.width
          return sequence.hidden[layer * size..<(layer + 1) * size]
        }
        try embedding.apply(sequence.tokens, microBatch, into: x)
        var errors = [Self.error(x.values, expected(0))]
        for (layer, stage) in stages.enumerated() {
          try stage.forward(microBatch, x)
          errors.append(Self.error(x.values, expected(layer + 1)))
        }
        try head.normalize(x, into: normed)
        errors.append(Self.error(normed.values, sequence.normed))
        try head.logits(of: normed, rows: 0..<count, into: logits)
        errors.append(Self.error(logits.values, sequence.logits))
        #expect(errors.allSatisfy { $0 <= Self.tolerance }, "\(kernels.name), \(count) tokens: \(errors)")

        let found = logits.values
        #expect(sequence.logLikelihoods.count == count - 1)
        for (position, likelihood) in sequence.logLikelihoods.enumerated() {
          let row = found[position * configuration.vocabularySize..<(position + 1) * configuration.vocabularySize]
          let sum = row.reduce(0.0) { $0 + exp(Double($1)) }
          let chosen = Double(row[row.startIndex + sequence.tokens[position + 1]])
          #expect((chosen - log(sum) - likelihood).magnitude <= 1e-4)
        }
      }
    }
  }

  /// About twice as far as what was measured, but for files that have such numbers already: those are met as they are.
  @Test(
    "are nearly met with matrices that are rounded", arguments: GoldenFixture.names,
    [(WeightTypes.Choice.bf16, 0.008), (.f16, 0.001), (.int8, 0.04)])
  func rounded(name: String, example: (choice: WeightTypes.Choice, tolerance: Double)) throws {
    let fixture = try GoldenFixture(name, weights: example.choice)
    for sequence in fixture.sequences {
      let output = try Model(fixture.checkpoint, .available[0]).run(sequence.tokens)
      let errors = [Self.error(output.hidden, sequence.normed), Self.error(output.logits, sequence.logits)]
      #expect(errors.allSatisfy { $0 <= example.tolerance }, "\(sequence.tokens.count) tokens: \(errors)")
    }
  }

  @Test("greedy text is the same", arguments: GoldenFixture.names, Kernels.available)
  func greedy(name: String, kernels: Kernels) throws {
    let fixture = try GoldenFixture(name)
    let model = try Model(fixture.checkpoint, kernels)
    var tokens = fixture.prompt
    for step in fixture.greedy.indices {
      let done = step == 0 ? 0 : tokens.count - 1
      let logits = try model.run([tokens], .together([tokens.count - done]), done: [done])[0].logits
      let row = logits.suffix(model.configuration.vocabularySize)
      tokens.append(row.indices.max { row[$0] < row[$1] }! - row.startIndex)
    }
    #expect(tokens == fixture.prompt + fixture.greedy)
  }

  @Test("every split into two stages gives the bits of one", arguments: GoldenFixture.names, Kernels.available)
  func splits(name: String, kernels: Kernels) throws {
    let fixture = try GoldenFixture(name)
    let configuration = fixture.checkpoint.configuration
    let layers = configuration.layerCount
    let pool = ThreadPool(threadCount: 1)
    for sequence in fixture.sequences {
      let count = sequence.tokens.count
      let microBatch = MicroBatch([Segment(slot: 0, start: 0, count: count)])
      let x = try Activations(width: configuration.width)
      try Embedding(fixture.checkpoint, kernels: kernels, pool: pool).apply(sequence.tokens, microBatch, into: x)
      let embedded = x.values
      var whole: [Float]?
      for cut in 0...layers {
        try x.replace(by: embedded)
        for layers in [0..<cut, cut..<layers] {
          let stage = try Stage(fixture.checkpoint, layers: layers, slotCount: 1, kernels: kernels, pool: pool)
          try stage.forward(microBatch, x)
        }
        // The first cut leaves one stage with all blocks.
        if let whole { #expect(BitDifference(x.values, whole) == nil, "cut before block \(cut)") }
        whole = whole ?? x.values
      }
    }
  }
}

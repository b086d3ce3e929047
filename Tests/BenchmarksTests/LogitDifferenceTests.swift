import GPT2
import Testing

@testable import Benchmarks

@Suite("What types of weights differ by") struct LogitDifferenceTests {
  private static let first: [Float] = [1, 3, -2, 3]
  private static let second: [Float] = [1.5, 2, -2, 3]

  private static func difference(_ first: [Float], _ second: [Float], token: Int = 3) throws -> LogitDifference? {
    let kernels = try Kernels.selected()
    return first.withUnsafeBufferPointer { first in
      second.withUnsafeBufferPointer { LogitDifference(first, $0, token: token, kernels: kernels) }
    }
  }

  @Test("is what a plain sum over the logits says")
  func row() throws {
    let row = try #require(try Self.difference(Self.first, Self.second))
    #expect(row.count == 1 && row.largest == 1)
    #expect(abs(row.squares.difference - 1.25) < 1e-12 && abs(row.squares.first - 23) < 1e-12)
    // log(e¹⁻³ + e⁰ + e⁻⁵ + e⁰), and log(e⁻¹·⁵ + e⁻¹ + e⁻⁵ + e⁰)
    #expect(abs(row.nats.0 - 0.761_774) < 1e-5 && abs(row.nats.1 - 0.468_595) < 1e-5)
    // Of equal logits the lower token is the likeliest.
    #expect(row.sameToken == 0)
    #expect(try Self.difference(Self.first, Self.first)?.sameToken == 1)
  }

  @Test("adds up over rows, and is nothing beside the first itself")
  func sums() throws {
    var sum = LogitDifference()
    for token in 0..<3 { sum.add(try #require(try Self.difference(Self.first, Self.second, token: token))) }
    #expect(sum.count == 3 && sum.largest == 1 && abs(sum.squares.difference - 3.75) < 1e-12)
    let configuration = Configuration(layerCount: 1, headCount: 1, width: 4, positionCount: 4, vocabularySize: 4)
    let cost = WeightCost(configuration, sum)
    #expect(abs(cost.logitDifference - (3.75 / 69).squareRoot()) < 1e-12 && cost.sameTokenShare == 0)
    #expect(abs(cost.crossEntropy * 3 - sum.nats.1) < 1e-12)
    #expect(abs(cost.crossEntropyChange - (sum.nats.1 / sum.nats.0 - 1)) < 1e-12)
    let alone = WeightCost(configuration, sum.firstAlone)
    #expect(alone.crossEntropyChange == 0 && alone.largestLogitDifference == 0 && alone.logitDifference == 0)
    #expect(alone.sameTokenShare == 1 && abs(alone.crossEntropy * 3 - sum.nats.0) < 1e-12)
  }

  @Test("is none where a logit is no number", arguments: [Float.nan, .infinity])
  func notFinite(value: Float) throws {
    #expect(try Self.difference([1, value, 2, 3], Self.second) == nil)
    #expect(try Self.difference(Self.first, [1, value, 2, 3]) == nil)
  }

  @Test("is 0 only where there is nothing, and 100 % only where nothing is missing")
  func text() {
    func cost(_ weights: String, _ entropy: Double, _ change: Double, _ share: Double) -> WeightCost {
      WeightCost(
        weights: weights, weightBytes: 1_000_000, crossEntropy: entropy, crossEntropyChange: change,
        largestLogitDifference: abs(change), logitDifference: abs(change), sameTokenShare: share)
    }
    let report = WeightReport(
      model: "m", tokens: 9999, textTokens: 9999, window: 64, reference: cost("f32", 3, 0, 1),
      types: [
        cost("bf16", 3, 0, 1), cost("f16", 3.0003, 1e-9, 0.99996), cost("int8", 2.97, -0.01, 0.985),
      ], refused: [.init(weights: "x", reason: "it is too large")])
    let lines = report.text(width: 100).split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.contains("bf16 1.0 MB 3.0000 0 % 100 % 0 % 0"))
    #expect(lines.contains("f16 1.0 MB 3.0003 under 0.001 % 99.9 % under 0.001 % under 0.0001"))
    #expect(lines.contains("int8 1.0 MB 2.9700 -1.000 % 98.5 % 1.000 % 0.0100"))
    #expect(
      lines.last == "x is not possible: it is too large" && lines.first == "m, on 9999 tokens, read in windows of 64")
  }
}

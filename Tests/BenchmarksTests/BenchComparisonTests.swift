import Testing

@testable import Benchmarks

@Suite("Types of weights side by side") struct BenchComparisonTests {
  private static func result(_ weights: String, _ rate: Double, fma: Double = 100) -> BenchResult {
    var result = BenchResult(model: "a model", weights: weights, threads: 2)
    (result.limits.fmaGflops, result.limits.readGbps) = (fma, 20)
    result.prefill = [.init(rows: 128, tokensPerSecond: 10 * rate, ofLimit: 0.5, spread: 0)]
    result.products = .init(rows: 512, tokensPerSecond: 12 * rate, ofLimit: 0.6, spread: 0)
    result.decode = [.init(batch: 1, tokensPerSecond: rate, ofLimit: 0.7, spread: 0)]
    return result
  }

  @Test("have their tokens a second, and what multiple of the first's they are")
  func multiples() {
    let text = BenchComparison(types: [Self.result("f32", 50), Self.result("int8", 130)]).text(width: 100)
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      lines == [
        "a model, on 2 threads, by type of weights", "tokens/s f32 int8 × f32", "prefill, 128 tokens 500 1300 2.60",
        "products alone, 512 tokens 600 1560 2.60", "decode, 1 text 50 130 2.60",
      ])
  }

  @Test("are rough where the machine was another from one to the next")
  func drift() {
    let text = BenchComparison(types: [Self.result("f32", 50), Self.result("int8", 130, fma: 80)]).text(width: 100)
    #expect(text.contains("speed changed by 25 % between the types, so the multiples are rough"))
  }

  @Test("say beside INT8 what both kinds of products could do at most")
  func limits() {
    var result = Self.result("int8", 130)
    #expect(!result.text(width: 100).contains("8-bit"))
    result.limits.dotGops = 400
    #expect(result.text(width: 100).contains("(400 GOP/s of 8-bit products, 100 GFLOP/s in fp32 for attention)"))
    #expect(result.text(width: 100).hasPrefix("a model, in int8, on 2 threads\n"))
  }
}

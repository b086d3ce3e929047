import Platform
import Testing

@testable import GPT2

@Suite("Products and limits that speed is held against", .timeLimit(.minutes(1)))
struct ProductTimerTests {
  @Test("are of every type of weights and instruction set, for any number of rows", arguments: WeightType.allCases)
  func types(type: WeightType) throws {
    var configuration = Configuration(
      layerCount: 3, headCount: 3, width: 45, positionCount: 40, innerWidth: 101, vocabularySize: 300)
    configuration.weights.blocks = type
    for kernels in Kernels.available {
      let timer = try ProductTimer(configuration, kernels: kernels, pool: ThreadPool(threadCount: 2))
      #expect(timer.blockCount == 3)
      for rows in [1, 7, 64, 7] { try timer.run(rows: rows) }
    }
  }

  @Test("are as many blocks as no cache holds, and no more")
  func blocks() throws {
    let configuration = Configuration(
      layerCount: 48, headCount: 16, width: 1024, positionCount: 64, vocabularySize: 300)
    let timer = try ProductTimer(configuration, kernels: .selected(), pool: ThreadPool(threadCount: 1))
    #expect(timer.blockCount == 2)
  }

  @Test("are counted in operations that a machine does in a second")
  func rates() throws {
    let kernels = try Kernels.selected()
    let limits = try MachineLimits(kernels: kernels, pool: ThreadPool(threadCount: 1))
    #expect((0.01...100_000).contains(limits.fmaRate()) && (0.01...100_000).contains(limits.dotRate()))
    // One instruction does four times as many 8-bit products.
    guard kernels.name.hasSuffix("vnni") || kernels.name == "dotprod" else { return }
    let ratios = (0..<5).map { _ in limits.productRate(.int8) / limits.productRate(.bf16) }.sorted()
    #expect((1.5...9).contains(ratios[2]), "\(ratios)")
  }

  @Test("have random weights that are the same whichever model came before")
  func memory() throws {
    func values(of width: Int) throws -> [Float] {
      let configuration = Configuration(
        layerCount: 1, headCount: 1, width: width, positionCount: 8, vocabularySize: 10 * width)
      let checkpoint = try Checkpoint(randomWeightsOf: configuration, name: "random")
      return try checkpoint.floats("wte.weight", shape: [10 * width, width])
    }
    let small = try values(of: 32)
    let large = try values(of: 128)
    #expect(try values(of: 32) == small && Array(large.prefix(small.count)) == small)
  }
}

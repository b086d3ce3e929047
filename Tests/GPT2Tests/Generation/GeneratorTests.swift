import Testing

@testable import GPT2

@Suite("Generator", .timeLimit(.minutes(5)))
struct GeneratorTests {
  /// Prompts of very different lengths, sampled with different seeds.
  private static func generations(_ checkpoint: Checkpoint) throws -> [Generation] {
    let prompts = RandomModels.tokens([1, 70, 7, 33, 2, 90, 12], of: checkpoint.configuration, seed: 5)
    return try prompts.enumerated().map { index, prompt in
      var options = SamplingOptions()
      options.seed = UInt64(index)
      options.topLogProbabilities = 2
      return try Generation(
        GenerationRequest(prompt: prompt, options: options, maximumTokens: 5 + 6 * index),
        configuration: checkpoint.configuration, tokenizer: nil)
    }
  }

  private static func run(
    _ generations: [Generation], _ checkpoint: Checkpoint, slotCount: Int, threads: Int
  ) throws -> [[SampledToken]] {
    let model = try Model(
      checkpoint, slotCount: slotCount, kernels: .selected(), pool: ThreadPool(threadCount: threads))
    return try Generator(model).run(generations) { _, _, _ in }.map(\.samples)
  }

  @Test("writes the same tokens for any number at once", arguments: [(1, 1), (2, 1), (3, 2), (16, 3)])
  func batches(slotCount: Int, threads: Int) throws {
    let checkpoint = try RandomModels.even.get()
    let generations = try Self.generations(checkpoint)
    let together = try Self.run(generations, checkpoint, slotCount: slotCount, threads: threads)
    for (generation, samples) in zip(generations, together) {
      let alone = try Self.run([generation], checkpoint, slotCount: 1, threads: 1)[0]
      #expect(samples == alone)
      #expect(samples.map(\.logProbability.bitPattern) == alone.map(\.logProbability.bitPattern))
    }
  }

  @Test("continues a prompt as PyTorch does", arguments: GoldenFixture.names)
  func greedy(name: String) throws {
    let fixture = try GoldenFixture(name)
    var options = SamplingOptions()
    options.temperature = 0
    let generation = try Generation(
      GenerationRequest(
        prompt: fixture.prompt, options: options, maximumTokens: fixture.greedy.count, endOfTextTokens: []),
      configuration: fixture.checkpoint.configuration, tokenizer: nil)
    let samples = try Self.run([generation], fixture.checkpoint, slotCount: 1, threads: 2)
    // Prompt and tokens together never exceed the context, which one golden continuation does by its last token.
    let room = fixture.checkpoint.configuration.positionCount - fixture.prompt.count
    #expect(samples[0].map(\.token) == Array(fixture.greedy.prefix(room)))
  }

  @Test("reports every token once, in its order, and gives the cache back")
  func updates() throws {
    let checkpoint = try RandomModels.odd.get()
    let prompts = RandomModels.tokens([3, 40, 9], of: checkpoint.configuration, seed: 6)
    let generations = try prompts.map {
      try Generation(
        GenerationRequest(prompt: $0, maximumTokens: 11), configuration: checkpoint.configuration, tokenizer: nil)
    }
    let model = try Model(checkpoint, slotCount: 2, kernels: .selected(), pool: ThreadPool(threadCount: 1))
    var seen: [[Int]] = [[], [], []]
    let done = try Generator(model).run(generations) { index, generation, update in
      seen[index].append(update.token.token)
      #expect(Array(generation.tokens) == seen[index])
    }
    #expect(seen == done.map { Array($0.tokens) })
    #expect(done.allSatisfy { $0.finishReason != nil })
    #expect((0..<2).allSatisfy { model.cachedLength(slot: $0) == 0 })
  }
}

import Coordinator
import GPT2
import TestSupport
import Testing

extension ClusterTests {
  @Suite("The same bits as one process", .timeLimit(.minutes(2)))
  struct SameBitsTests {
    private static let jobs = Result {
      let checkpoint = try TestModels.demo.get()
      let jobs = Job.random(8, checkpoint.configuration, seed: 1)
      return (jobs, try Reference.outcomes(of: jobs, checkpoint))
    }

    /// Where the rows are not set, they are chosen from what was measured, which takes a while in debug builds.
    @Test(
      "come from any number of stages",
      arguments: zip(1...12, [nil, nil, nil, 7, 64, 512, 1, 16, 3, 128, 30, nil]))
    func stages(count: Int, rows: Int?) async throws {
      let (jobs, expected) = try Self.jobs.get()
      let cluster = try TestCluster(TestModels.demo.get(), stages: count, rows: rows, slots: 5)
      let stages = try await cluster.ready()
      #expect(stages.map(\.layers).reduce(into: []) { $0 += Array($1) } == Array(0..<12))
      #expect(stages.count == count)
      #expect(try await cluster.run(jobs) == expected)
    }

    @Test(
      "come from uneven splits and micro-batches of any size",
      arguments: [
        ([1, 11], 64), ([11, 1], 7), ([1, 5, 1, 5], 512), ([2, 1, 3, 1, 5], 1), ([12], 7), ([4, 8], 4096),
      ])
    func splits(split: [Int], rows: Int) async throws {
      let (jobs, expected) = try Self.jobs.get()
      let cluster = try TestCluster(TestModels.demo.get(), stages: split.count, split: split, rows: rows, slots: 6)
      #expect(try await cluster.ready().map(\.layers.count) == split)
      #expect(try await cluster.run(jobs) == expected)
    }

    @Test("come for rows of any width and a head that is not tied", arguments: [(1, 512), (2, 1), (3, 64), (5, 7)])
    func odd(stages: Int, rows: Int) async throws {
      let checkpoint = try TestModels.odd.get()
      let jobs = Job.random(6, checkpoint.configuration, seed: 2)
      let cluster = try TestCluster(checkpoint, stages: stages, rows: rows, slots: 4)
      #expect(try await cluster.run(jobs) == Reference.outcomes(of: jobs, checkpoint))
    }

    @Test("come from scoring what was generated, alternatives included", arguments: [1, 7, 512])
    func generatedAndScored(rows: Int) async throws {
      let checkpoint = try TestModels.demo.get()
      let cluster = try TestCluster(checkpoint, stages: 2, rows: rows)
      var options = SamplingOptions()
      options.topLogProbabilities = 5
      options.logitBias = [40: 2]
      options.frequencyPenalty = 0.5
      var generation = try Generation(
        GenerationRequest(prompt: Array(100..<120), options: options, maximumTokens: 24, endOfTextTokens: []),
        configuration: checkpoint.configuration, tokenizer: nil)
      for try await update in cluster.engine.generate(generation) { _ = generation.accept(update.token) }
      let scoring = try Scoring(
        generation.sequence, window: 64, stride: 64, topLogProbabilities: 5, configuration: checkpoint.configuration)
      let scores = try await cluster.engine.score(scoring).reduce(into: []) { $0 += $1 }
      #expect(scores.map(\.token) == Array(generation.sequence.dropFirst()))
      #expect(scores.allSatisfy { $0.top.count == 5 })
      #expect(Array(scores.dropFirst(19)) == generation.samples)
      withExtendedLifetime(cluster) {}
    }

    @Test("come in whatever order requests arrive, and however many share the slots", arguments: [1, 2, 3, 5, 9, 16])
    func arrivals(count: Int) async throws {
      let checkpoint = try TestModels.demo.get()
      let jobs = Job.random(count, checkpoint.configuration, seed: 100 + count)
      let cluster = try TestCluster(checkpoint, stages: 3, split: [3, 7, 2], rows: 7, slots: max(1, count / 2))
      // In a random order, each when a random number of results of those before it are there.
      var numbers = SeededNumbers(count)
      let order = jobs.indices.shuffled(using: &numbers)
      let gate = Gate()
      let outcomes = try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
        for (place, index) in order.enumerated() {
          let threshold = numbers.number(0...place)
          group.addTask {
            await gate.wait(for: threshold)
            return (index, try await cluster.run(jobs[index]) { await gate.pass() })
          }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      let expected = try Reference.outcomes(of: jobs, checkpoint)
      for index in jobs.indices { #expect(outcomes[index] == expected[index]) }
    }
  }
}

/// Lets tasks wait until so many results have come.
private actor Gate {
  private var count = 0
  private var waiting: [(threshold: Int, continuation: CheckedContinuation<Void, Never>)] = []

  func wait(for threshold: Int) async {
    if count >= threshold { return }
    await withCheckedContinuation { waiting.append((threshold, $0)) }
  }

  func pass() {
    count += 1
    for (threshold, continuation) in waiting where threshold <= count { continuation.resume() }
    waiting.removeAll { $0.threshold <= count }
  }
}

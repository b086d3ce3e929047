import Coordinator
import GPT2
import TestSupport
import Testing
import ZeroMQ

extension ClusterTests {
  @Suite("Requests that share a cluster", .timeLimit(.minutes(1)))
  struct SharingTests {
    private static func request(_ seed: Int, prompt: Int = 9, maximumTokens: Int = 40) -> Job {
      var (numbers, options) = (SeededNumbers(seed), SamplingOptions())
      options.seed = UInt64(seed)
      return .generate(
        GenerationRequest(
          prompt: (0..<prompt).map { _ in numbers.number(0...52) }, options: options, maximumTokens: maximumTokens,
          endOfTextTokens: []))
    }

    @Test("are not touched when others are cancelled midway, and get their slots")
    func cancellation() async throws {
      let checkpoint = try TestModels.odd.get()
      let jobs = (0..<12).map { Self.request($0) }
      let cluster = try TestCluster(checkpoint, stages: 2, rows: 4, slots: 3)
      let outcomes = try await withThrowingTaskGroup(of: (Int, Outcome?).self) { group in
        for (index, job) in jobs.enumerated() {
          group.addTask {
            switch index % 4 {
            // Stops reading: its results are dropped.
            case 1:
              guard case .generate(let request) = job else { return (index, nil) }
              let generation = try Generation(request, configuration: checkpoint.configuration, tokenizer: nil)
              var count = 0
              for try await _ in cluster.engine.generate(generation) {
                count += 1
                if count == 5 { break }
              }
              return (index, nil)
            // Is cancelled while it waits for a result, or for its slot.
            case 3:
              await #expect(throws: CancellationError.self) { try await cluster.runCancelled(job).get() }
              return (index, nil)
            default: return (index, try await cluster.run(job))
            }
          }
        }
        return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      let expected = try Reference.outcomes(of: jobs, checkpoint)
      for index in jobs.indices { #expect(outcomes[index] == (index % 2 == 1 ? nil : expected[index])) }
      try await expectFreeSlots(3, on: cluster)
    }

    @Test("go on while one is held because its reader is slow, and it loses nothing")
    func slowReader() async throws {
      let checkpoint = try TestModels.odd.get()
      let cluster = try TestCluster(checkpoint, stages: 2, rows: 8, slots: 4)
      var numbers = SeededNumbers(5)
      let tokens = numbers.tokens(500, checkpoint.configuration)
      let reading = try Reading(tokens, configuration: checkpoint.configuration)
      let results = cluster.engine.embed(reading, withLogits: true)

      let others = (20..<26).map { Self.request($0) }
      #expect(try await cluster.run(others) == Reference.outcomes(of: others, checkpoint))
      // Of the 63 chunks only those were read that have room in the buffer, or were in the pipe when it was full.
      let read = cluster.engine.statistics.coordinator.rows - others.count * (9 + 39)
      #expect(read <= 8 * (4 + 12))

      var (values, logits): ([Float], [Float]) = ([], [])
      for try await states in results {
        values += states.values
        logits += states.logits
      }
      var outcome = Outcome(values)
      outcome.logits = Outcome(logits).values
      #expect(try outcome == Reference(checkpoint).outcome(of: .embed(tokens, withLogits: true)))
      withExtendedLifetime(cluster) {}
    }

    @Test("of more tokens than a buffer has room for go on when their reader comes")
    func longGeneration() async throws {
      let checkpoint = try TestModels.odd.get()
      let cluster = try TestCluster(checkpoint, stages: 2, slots: 2)
      let job = Self.request(7, prompt: 3, maximumTokens: 590)
      guard case .generate(let request) = job else { return }
      var generation = try Generation(request, configuration: checkpoint.configuration, tokenizer: nil)
      let results = cluster.engine.generate(generation)
      // Nobody reads while these come and go, which is longer than the others takes to fill its buffer.
      for seed in 30..<34 { _ = try await cluster.run(Self.request(seed, maximumTokens: 120)) }
      #expect(cluster.engine.statistics.tokensGenerated < 4 * 120 + 270)
      for try await update in results { _ = generation.accept(update.token) }
      #expect(try Outcome(generation) == Reference(checkpoint).outcome(of: job))
      withExtendedLifetime(cluster) {}
    }

    @Test("are let in by turns of their clients")
    func clients() async throws {
      let checkpoint = try TestModels.odd.get()
      let cluster = try TestCluster(checkpoint, stages: 2, slots: 1)
      func begin(_ seed: Int, _ client: ClientID) throws -> Results<Generation.Update>? {
        guard case .generate(let request) = Self.request(seed) else { return nil }
        let generation = try Generation(request, configuration: checkpoint.configuration, tokenizer: nil)
        return cluster.engine.generate(generation, client: client)
      }
      let many = try (0..<30).compactMap { try begin($0, ClientID(1)) }
      let one = try #require(try begin(99, ClientID(2)))
      var count = 0
      for try await _ in one {
        // The other client's 30 before it would leave nobody waiting.
        if count == 0 { #expect(cluster.engine.statistics.requestsWaiting > 20) }
        count += 1
      }
      #expect(count == 40)
      for results in many { for try await _ in results {} }
      let statistics = cluster.engine.statistics
      #expect(statistics.requestsRunning == 0 && statistics.requestsWaiting == 0 && statistics.slotsUsed == 0)
      #expect(statistics.slotCount == 1 && statistics.positionsUsed == 0 && statistics.positionBudget > 0)
      #expect(statistics.tokensGenerated == 31 * 40)
    }

    @Test("fail at once when too many wait, before there is a pipe too")
    func waitingLimit() async throws {
      let checkpoint = try TestModels.odd.get()
      let engine = try Engine(
        checkpoint,
        options: EngineOptions(
          listen: "inproc://coordinator", workerCount: 1, sharesFiles: true, threads: 1, waitingLimit: 2),
        context: Context())
      let reading = try Reading([1, 2, 3], configuration: checkpoint.configuration)
      let waiting = (0..<2).map { _ in engine.embed(reading) }
      await #expect(throws: AdmissionError.tooManyWaiting(limit: 2)) { for try await _ in engine.embed(reading) {} }
      engine.stop()
      for results in waiting {
        await #expect(throws: ClusterError.stopped) { for try await _ in results {} }
      }
    }

    @Test("with nothing to compute end at once")
    func nothing() async throws {
      let cluster = try TestCluster(TestModels.odd.get(), stages: 1)
      #expect(try await cluster.run(Self.request(1, maximumTokens: 0)).tokens == [])
      #expect(try await cluster.run(Job.score([3], window: 2, stride: 1)).values == [])
      #expect(try await cluster.run(Job.embed([], withLogits: true)).values == [])
    }
  }
}

/// Expects that `count` requests can be in the pipe side by side, which takes a slot each.
func expectFreeSlots(_ count: Int, on cluster: TestCluster) async throws {
  let tokens = (0..<400).map { $0 % 50 }
  let reading = try Reading(tokens, configuration: cluster.engine.configuration)
  // Each is held with its slot, since nobody reads on.
  var running: [Results<HiddenStates>] = []
  for _ in 0..<count {
    let results = cluster.engine.embed(reading, withLogits: true)
    var iterator = results.makeAsyncIterator()
    #expect(try await iterator.next() != nil)
    running.append(results)
  }
  withExtendedLifetime(running) {}
}

import Cluster
import Coordinator
import FoundationEssentials
import GPT2
import Pipeline
import Testing
import Worker
import ZeroMQ

extension ClusterTests {
  @Suite("What is wrong with a cluster is named", .timeLimit(.minutes(1)))
  struct ClusterErrorTests {
    private static func own() throws -> SliceSource { .checkpoint(try TestModels.odd.get()) }

    /// The error with which the cluster ends instead of being ready; the same for the request that waited.
    private static func end(of cluster: TestCluster) async throws -> ClusterError {
      let request = Task { try await cluster.run(Job.score([1, 2, 3], window: 3, stride: 1)) }
      let error = try await #require(throws: ClusterError.self) { try await cluster.ready() }
      await #expect(throws: error) { try await request.value }
      await #expect(throws: error) { try await cluster.run(Job.embed([1], withLogits: false)) }
      #expect(!error.description.contains("\n") && !error.description.isEmpty)
      return error
    }

    @Test("when too few workers come")
    func tooFew() async throws {
      let cluster = try TestCluster(
        TestModels.odd.get(), loopback: [Self.own()], expecting: 2, patience: .milliseconds(600))
      let error = try await Self.end(of: cluster)
      #expect(
        error
          == .tooFewWorkers(
            joined: ["worker-1"], expected: 2, after: .milliseconds(600), listening: cluster.engine.address,
            turnedAway: []))
      #expect(error.description.contains("gpt2 worker --coordinator \(cluster.engine.address)"))
      #expect(cluster.workerEnds()["worker-1"]?.contains("1 of 2 workers joined within 0.6 s") == true)
    }

    @Test(
      "when a worker is of another version of gpt2 or of the protocol, and others may come", arguments: [true, false])
    func otherVersion(isOfProgram: Bool) async throws {
      let cluster = try TestCluster(TestModels.odd.get(), loopback: [Self.own()], expecting: 1)
      _ = try await cluster.ready()
      let alone = try TestCluster(TestModels.odd.get(), loopback: [], expecting: 1, patience: .milliseconds(500))
      for cluster in [cluster, alone] {
        let forged = try ForgedWorker(dialing: cluster.engine.address, cluster.context)
        if isOfProgram {
          try forged.send(forged.hello(programVersion: "9.9"))
        } else {
          var bytes = forged.hello().encode(header: Header(number: 0))
          bytes[4] = 9
          try forged.send([bytes])
        }
        guard case .refusal(let refusal)? = try forged.receive(.refusal)?.message else {
          Issue.record("no refusal")
          return
        }
        #expect(refusal.reason.contains("9") && refusal.reason.contains("run the same gpt2 on every host"))
        #expect(cluster.notices.refusals.count == 1 && cluster.notices.refusals[0].hasSuffix(refusal.reason))
      }
      guard case .tooFewWorkers(_, _, _, _, let turnedAway) = try await Self.end(of: alone) else {
        Issue.record("another error")
        return
      }
      #expect(turnedAway == alone.notices.refusals)
      #expect(try await cluster.run(Job.embed([1, 2], withLogits: false)).values.count == 2 * 21)
    }

    @Test("when a worker has a checkpoint of another shape, and when one comes too late")
    func refused() async throws {
      let cluster = try TestCluster(
        TestModels.odd.get(), loopback: [Self.own(), .checkpoint(TestModels.otherShape.get())], expecting: 1)
      _ = try await cluster.ready()
      let late = try WorkerThreads(
        [Self.own()], coordinator: cluster.engine.address, key: nil, context: cluster.context)
      #expect(late.ends()["worker-1"]?.contains("the work has begun with the 1 workers asked for") == true)
      let ends = cluster.workerEnds()
      #expect(ends["worker-1"] == "")
      #expect(ends["worker-2"]?.contains("its checkpoint random-3 is of another shape than the coordinator's") == true)
    }

    @Test("when a worker has other weights of the same shape")
    func otherWeights() async throws {
      let cluster = try TestCluster(
        TestModels.odd.get(), loopback: [Self.own(), .checkpoint(TestModels.otherWeights.get())], split: [2, 3])
      guard case .workerFailed(let name, let reason) = try await Self.end(of: cluster) else {
        Issue.record("another error")
        return
      }
      #expect(name == "worker-2" && reason.contains("random-2") && reason.contains("ln_1"))
      let ends = cluster.workerEnds()
      #expect(ends["worker-1"]?.contains("the coordinator ended the run: worker worker-2 failed") == true)
    }

    @Test("when a worker has no key, or another one", arguments: [true, false])
    func wrongKey(hasKey: Bool) async throws {
      let (key, other) = (try CurveKeyPair.make(), try CurveKeyPair.make())
      let cluster = try TestCluster(
        TestModels.odd.get(), loopback: [], expecting: 1, key: key, patience: .seconds(1))
      let workers = try WorkerThreads(
        [Self.own()], coordinator: cluster.engine.address, key: hasKey ? other : nil, context: cluster.context,
        patience: .milliseconds(500))
      #expect(
        workers.ends()["worker-1"]?.contains("use the coordinator's --key file here too") == true)
      guard case .tooFewWorkers([], _, _, _, let turnedAway) = try await Self.end(of: cluster) else {
        Issue.record("another error")
        return
      }
      #expect(turnedAway.contains { $0.contains("a connection from elsewhere was turned away") })
    }

    @Test("when the address is taken, or none")
    func address() throws {
      let checkpoint = try TestModels.odd.get()
      let cluster = try TestCluster(checkpoint, loopback: [], expecting: 1)
      for (address, part) in [(cluster.engine.address, "in use"), ("tcp://nonsense", "tcp://nonsense")] {
        let error = #expect(throws: ZeroMQError.self) {
          try Engine(
            checkpoint, options: EngineOptions(listen: address, workerCount: 1, threads: 1), context: cluster.context)
        }
        #expect(error?.description.contains(part) == true)
      }
    }

    @Test("when the blocks cannot be dealt out as asked", arguments: [[3, 3], [2, 2, 1]])
    func plan(split: [Int]) async throws {
      let cluster = try TestCluster(TestModels.odd.get(), stages: 2, split: split)
      let error = try await Self.end(of: cluster)
      #expect(
        error
          == .plan(
            split.count == 2
              ? .splitDoesNotAddUp(split, sum: 6, blockCount: 5) : .splitHasMoreParts(split, memberCount: 2)))
    }

    @Test("when a worker is known to have ended, and to every request under way")
    func lose() async throws {
      let cluster = try TestCluster(TestModels.odd.get(), stages: 2, split: [2, 3])
      let request = GenerationRequest(prompt: [1], maximumTokens: 400, endOfTextTokens: [])
      let expected = ClusterError.workerLost(
        name: "stage-2", blocks: 2..<5, reason: "its process was ended by signal 9")
      await withTaskGroup { group in
        for _ in 0..<5 {
          group.addTask {
            let error = await #expect(throws: ClusterError.self) {
              try await cluster.run(.generate(request)) {
                cluster.engine.lose(worker: "stage-2", reason: "its process was ended by signal 9")
              }
            }
            #expect(error == expected)
          }
        }
      }
      #expect(
        expected.description
          == "worker stage-2 (blocks 2 to 4) was lost: its process was ended by signal 9; start it and the run again")
    }

    @Test("when it is stopped, and to every request after")
    func stopped() async throws {
      let cluster = try TestCluster(TestModels.odd.get(), stages: 2)
      let request = GenerationRequest(prompt: [1], maximumTokens: 400, endOfTextTokens: [])
      for _ in 0..<2 {
        await #expect(throws: ClusterError.stopped) {
          try await cluster.run(.generate(request)) { cluster.engine.stop() }
        }
      }
      await #expect(throws: ClusterError.stopped) { try await cluster.ready() }
    }

    @Test("when workers of this process have no coordinator any more", arguments: [1, 3])
    func orphans(count: Int) throws {
      // Would wait for minutes.
      _ = try InProcessWorkers(
        count: count, coordinator: "inproc://nobody", checkpoint: TestModels.odd.get(), threads: 1, context: Context()
      ) { Issue.record("\($0): \($1)") }
    }
  }
}

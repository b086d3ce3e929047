import Coordinator
import FoundationEssentials
import GPT2
import MicroBatching
import Pipeline
import Testing
import Worker
import ZeroMQ

extension ClusterTests {
  @Suite("Peers that do what they must not", .timeLimit(.minutes(1)))
  struct ForgeryTests {
    enum Breach: CaseIterable {
      case early, gap, again, garbage, missingTensor, goodbye, failure
    }

    /// Joins a worker to a cluster of its own, alone, and lets it break the rules with its blocks in hand.
    private static func end(
      after breach: Breach, _ act: (ForgedWorker, UInt64) throws -> Void
    ) async throws -> ClusterError {
      let cluster = try TestCluster(TestModels.odd.get(), loopback: [], expecting: 1)
      let forged = try ForgedWorker(dialing: cluster.engine.address, cluster.context)
      try act(forged, #require(try forged.join(saysReady: false)))
      let error = try await #require(throws: ClusterError.self) { try await cluster.ready() }
      // Unless it has gone, it is told why the run ends.
      if breach != .goodbye, breach != .failure {
        guard case .goodbye(let goodbye)? = try forged.receive(.goodbye)?.message else {
          Issue.record("no goodbye")
          return error
        }
        #expect(goodbye.reason == "\(error)")
      }
      return error
    }

    @Test("end the run by their name when they hold blocks", arguments: Breach.allCases)
    func breach(_ breach: Breach) async throws {
      let error = try await Self.end(after: breach) { forged, epoch in
        switch breach {
        case .early: try forged.send(ForgedWorker.measurement)
        case .gap: try forged.send(ForgedWorker.ready, epoch: epoch, number: 7)
        case .again: try forged.send(ForgedWorker.ready, epoch: epoch, number: 0)
        case .garbage: try forged.send([Array("GPT2".utf8)])
        case .missingTensor: try forged.send(.wanted(Wanted(tensor: 999, offset: 0, pieces: 1)), epoch: epoch)
        case .goodbye: try forged.send(.goodbye(Goodbye(reason: "enough")))
        case .failure: try forged.send(.failure(Failure(reason: "no memory")))
        }
      }
      switch breach {
      case .goodbye: #expect(error == .workerLost(name: "forged", blocks: 0..<5, reason: "enough"))
      case .failure: #expect(error == .workerFailed(name: "forged", reason: "no memory"))
      default:
        guard case .workerBroken("forged", _) = error else {
          Issue.record("\(error)")
          return
        }
      }
    }

    @Test("are lost when they fall silent with blocks in hand, within two seconds")
    func silence() async throws {
      let cluster = try TestCluster(
        TestModels.odd.get(), loopback: [.checkpoint(TestModels.odd.get())], expecting: 2, split: [4, 1])
      // Joins second, so that the last block is its own.
      while cluster.notices.all.isEmpty || !cluster.notices.hasJoined("worker-1") { await Task.yield() }
      let forged = try ForgedWorker(dialing: cluster.engine.address, cluster.context)
      _ = try #require(try forged.join())
      let start = ContinuousClock.now
      let error = await #expect(throws: ClusterError.self) { try await cluster.ready() }
      guard case .workerLost("forged", 4..<5, let reason)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains("nothing heard of it at tcp://127.0.0.1:9"))
      #expect(.now - start > .seconds(1.4) && .now - start < .seconds(2.5))
    }

    @Test("or leave are no loss before they hold blocks", arguments: 0..<4)
    func early(way: Int) async throws {
      let cluster = try TestCluster(TestModels.odd.get(), loopback: [], expecting: 1)
      let forged = try ForgedWorker(dialing: cluster.engine.address, cluster.context)
      try forged.send(forged.hello())
      if way == 0 {
        // All at once: the cluster is complete for no longer than it takes to read the next message.
        try forged.send(ForgedWorker.measurement)
        try forged.send(.goodbye(Goodbye(reason: "")))
      } else {
        _ = try #require(try forged.receive(.welcome))
        switch way {
        case 1: try forged.send(.failure(Failure(reason: "no memory")))
        case 2: try forged.send(ForgedWorker.ready)
        default: try forged.send([[1, 2, 3]])
        }
        if way >= 2 { #expect(try forged.receive(.refusal) != nil) }
      }
      let workers = try WorkerThreads(
        [.checkpoint(TestModels.odd.get())], coordinator: cluster.engine.address, key: nil, context: cluster.context)
      #expect(try await cluster.ready().map(\.name) == ["worker-1"])
      cluster.engine.stop()
      #expect(workers.ends() == ["worker-1": ""])
    }

    @Test("are dropped when nobody knows them, and the work goes on", arguments: 0..<3)
    func strangers(seed: Int) async throws {
      let checkpoint = try TestModels.odd.get()
      let cluster = try TestCluster(checkpoint, loopback: [.checkpoint(checkpoint), .checkpoint(checkpoint)])
      let stages = try await cluster.ready()
      let jobs = Job.random(6, checkpoint.configuration, seed: 60 + seed)
      let expected = try Reference.outcomes(of: jobs, checkpoint)
      let running = Task { try await cluster.run(jobs) }
      var numbers = SeededNumbers(seed)
      for address in [cluster.engine.address] + stages.map(\.address) {
        let stranger = try ForgedWorker("stranger", dialing: address, cluster.context)
        for _ in 0..<60 {
          let epoch = numbers.next() % 3
          switch numbers.number(0...5) {
          case 0: try stranger.send([numbers.bytes(numbers.number(0...80))])
          case 1: try stranger.send((0...numbers.number(1...6)).map { _ in numbers.bytes(8) })
          case 2: try stranger.send([Array("GPT2".utf8) + numbers.bytes(60)])
          case 3: try stranger.send(.open(Open(stage: numbers.number(-1...1))), epoch: epoch)
          case 4:
            let pass = Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: 21, records: [])
            try stranger.send([Message.pass(pass).encode(header: Header(epoch: epoch, number: 1)), numbers.bytes(84)])
          default: try stranger.send(ForgedWorker.ready, epoch: epoch, number: numbers.next())
          }
        }
        // The greatest number there is, of which none is the next.
        try stranger.send(stranger.hello(), number: .max)
      }
      #expect(try await running.value == expected)
      #expect(try await cluster.run(jobs) == expected)
      #expect(cluster.notices.drops.count > 10)
      #expect(cluster.workerEnds() == ["worker-1": "", "worker-2": ""])
    }
  }
}

extension Notices {
  fileprivate func hasJoined(_ name: String) -> Bool {
    all.contains { if case .joined(name, _, _, _, _) = $0 { true } else { false } }
  }
}

extension SeededNumbers {
  fileprivate mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

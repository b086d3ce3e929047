import Coordinator
import FoundationEssentials
import GPT2
import Pipeline
import Testing
import Worker
import ZeroMQ

extension ClusterTests {
  @Suite("Workers over TCP", .timeLimit(.minutes(1)))
  struct LoopbackTests {
    @Test("with the cluster's key compute the same bits from their own files")
    func key() async throws {
      let checkpoint = try TestModels.demo.get()
      let key = try CurveKeyPair.make()
      let cluster = try TestCluster(
        checkpoint, loopback: [.checkpoint(checkpoint), .checkpoint(checkpoint), .checkpoint(checkpoint)], key: key,
        split: [2, 7, 3], rows: 16)
      let jobs = Job.random(10, checkpoint.configuration, seed: 40)
      #expect(try await cluster.run(jobs) == Reference.outcomes(of: jobs, checkpoint))
      #expect(cluster.notices.drops == [])
      #expect(cluster.workerEnds() == ["worker-1": "", "worker-2": "", "worker-3": ""])
    }

    @Test("without files are sent their blocks, and have them in their cache the second time")
    func weights() async throws {
      let checkpoint = try TestModels.demo.get()
      let folder = FileManager.default.temporaryDirectory.appending(path: "gpt2-cache-\(UUID())").path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let jobs = Job.random(4, checkpoint.configuration, seed: 41)
      let expected = try Reference.outcomes(of: jobs, checkpoint)
      let byteCount = checkpoint.byteCount(of: (0..<12).map(ModelPart.block))
      for isFirst in [true, false] {
        let cluster = try TestCluster(
          checkpoint, loopback: [.cache(TensorCache(folder: folder)), .cache(TensorCache(folder: folder))],
          split: [5, 7])
        let stages = try await cluster.ready()
        #expect(stages.reduce(0) { $0 + $1.bytesReceived } == (isFirst ? byteCount : 0))
        #expect(stages.reduce(0) { $0 + $1.bytesCached } == (isFirst ? 0 : byteCount))
        #expect(stages.allSatisfy { $0.bytesRead == 0 })
        #expect(try await cluster.run(jobs) == expected)
        #expect(cluster.workerEnds() == ["worker-1": "", "worker-2": ""])
      }
    }

    @Test("may come before the coordinator listens, and be more than are needed")
    func order() async throws {
      let checkpoint = try TestModels.odd.get()
      let context = try Context()
      // A port that was free a moment ago: the socket goes, and with it its context, which waits until it is closed.
      let address = try Socket(.router, Context()).bind("tcp://127.0.0.1:0")
      let sources = Array(repeating: SliceSource.checkpoint(checkpoint), count: 3)
      let workers = try WorkerThreads(sources, coordinator: address, key: nil, context: context)
      let notices = Notices()
      let engine = try Engine(
        checkpoint,
        options: EngineOptions(listen: address, workerCount: 3, split: [2, 3], threads: 1, patience: .seconds(30)),
        context: context, notify: notices.append)
      #expect(try await engine.ready().map(\.layers) == [0..<2, 2..<5])
      let jobs = Job.random(3, checkpoint.configuration, seed: 42)
      #expect(try await engine.run(jobs) == Reference.outcomes(of: jobs, checkpoint))
      engine.stop()
      #expect(workers.ends() == ["worker-1": "", "worker-2": "", "worker-3": ""])
      let spares = notices.all.flatMap { notice -> [String] in
        if case .planned(_, let spares) = notice { spares } else { [] }
      }
      #expect(spares.count == 1 && spares[0].contains("is a spare: the blocks are all held without it"))
    }

    /// Waits for two workers, who get two and three blocks.
    private static func engine(_ checkpoint: Checkpoint, _ context: Context, _ notices: Notices) throws -> Engine {
      try Engine(
        checkpoint,
        options: EngineOptions(listen: "tcp://127.0.0.1:0", workerCount: 2, split: [2, 3], threads: 1),
        context: context, notify: notices.append)
    }

    @Test("wait for others when one is gone before it was ready, for as long as that takes")
    func waiting() async throws {
      let checkpoint = try TestModels.odd.get()
      let (context, notices) = (try Context(), Notices())
      let engine = try Self.engine(checkpoint, context, notices)
      // By its name the stage behind the other, which dials it.
      var silent: SilentWorker? = try SilentWorker("worker-9", of: engine.address, context)
      func worker() throws -> WorkerThreads {
        try WorkerThreads([.checkpoint(checkpoint)], coordinator: engine.address, key: nil, context: context)
      }
      let first = try worker()
      while !notices.all.contains(where: { if case .planned = $0 { true } else { false } }) {
        try await Task.sleep(for: .milliseconds(50))
      }
      withExtendedLifetime(silent) {}
      silent = nil
      // Longer than a stage waits for the next one to answer.
      try await Task.sleep(for: .seconds(11))
      #expect(notices.departures == ["worker-9"])
      let second = try worker()
      let jobs = Job.random(2, checkpoint.configuration, seed: 44)
      #expect(try await engine.run(jobs) == Reference.outcomes(of: jobs, checkpoint))
      engine.stop()
      #expect(first.ends() == ["worker-1": ""] && second.ends() == ["worker-1": ""])
    }

    @Test("that fall silent together, when they have their blocks, are both given up, and others take their places")
    func silence() async throws {
      let checkpoint = try TestModels.odd.get()
      let (context, notices) = (try Context(), Notices())
      let engine = try Self.engine(checkpoint, context, notices)
      let silent = try ["one", "two"].map { try SilentWorker($0, of: engine.address, context) }
      defer { withExtendedLifetime(silent) {} }
      while notices.departures.count < 2 { try await Task.sleep(for: .milliseconds(50)) }
      #expect(notices.departures.sorted() == ["one", "two"])
      let workers = try WorkerThreads(
        [.checkpoint(checkpoint), .checkpoint(checkpoint)], coordinator: engine.address, key: nil, context: context)
      let jobs = Job.random(2, checkpoint.configuration, seed: 43)
      #expect(try await engine.run(jobs) == Reference.outcomes(of: jobs, checkpoint))
      engine.stop()
      #expect(workers.ends() == ["worker-1": "", "worker-2": ""])
    }
  }

  /// A worker that says hello and how fast it is, and nothing more.
  private struct SilentWorker {
    private let socket: Socket

    init(_ name: String, of coordinator: String, _ context: Context) throws {
      var options = Socket.Options.dialing(.none)
      options.routingID = Array(name.utf8)
      socket = try Socket(.dealer, context, options: options)
      try socket.connect(coordinator)
      let hello = Hello(
        name: name, incarnation: 1, programVersion: ProgramVersion.current, kernels: "avx2", threads: 1,
        memory: 1 << 30, cores: 1, host: name, address: "tcp://127.0.0.1:1", folder: "", configuration: [])
      let measurement = Measurement(points: [BlockTime(rows: 1, seconds: 0.001)])
      for (number, message) in [Message.hello(hello), .measurement(measurement)].enumerated() {
        _ = try socket.send([Frame(message.encode(header: Header(number: UInt64(number))))])
      }
    }
  }
}

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
  }
}

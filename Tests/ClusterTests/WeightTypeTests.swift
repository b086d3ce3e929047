import Coordinator
import GPT2
import TestSupport
import Testing
import Worker

extension ClusterTests {
  /// The first promise with matrices of every type; SameBitsTests says more of what the file has.
  @Suite("The same bits of every weight type", .timeLimit(.minutes(2)))
  struct WeightTypeTests {
    private static let choices: [WeightTypes.Choice] = [.f32, .bf16, .f16, .int8]
    private static let jobs = Result { Job.random(4, try TestModels.demo.get().configuration, seed: 60) }
    /// By type, what one process makes of the jobs.
    private static let expected = Result {
      try Dictionary(
        uniqueKeysWithValues: choices.map { ($0, try Reference.outcomes(of: jobs.get(), TestModels.demo($0))) })
    }

    private static func expected(_ choice: WeightTypes.Choice) throws -> [Outcome] { try expected.get()[choice]! }

    @Test("come from stages of this process", arguments: choices, [[5, 4, 3], [12], [1, 2, 1, 7, 1]])
    func stages(choice: WeightTypes.Choice, split: [Int]) async throws {
      let cluster = try TestCluster(
        TestModels.demo(choice), stages: split.count, split: split, rows: split.count == 1 ? 512 : 7, slots: 3)
      #expect(try await cluster.run(Self.jobs.get()) == Self.expected(choice))
    }

    /// Who has files has opened them as they are; who has none is sent tensors as the coordinator's files have them.
    @Test("come from workers over TCP that take the coordinator's type", arguments: choices)
    func workers(choice: WeightTypes.Choice) async throws {
      let folder = try TemporaryFolder()
      let files = try TestModels.demo.get()
      let cluster = try TestCluster(
        TestModels.demo(choice), loopback: [.checkpoint(files), .cache(TensorCache(folder: folder.path("cache")))],
        split: [7, 5], rows: 64)
      let stages = try await cluster.ready()
      #expect(stages.map { $0.bytesReceived > 0 }.sorted { !$0 && $1 } == [false, true])
      let received = files.byteCount(of: stages.first { $0.bytesReceived > 0 }!.layers.map(ModelPart.block))
      #expect(stages.reduce(0) { $0 + $1.bytesReceived } == received)
      #expect(try await cluster.run(Self.jobs.get()) == Self.expected(choice))
      #expect(cluster.workerEnds() == ["worker-1": "", "worker-2": ""])
    }

    @Test("are those of F32 where BF16 is what the file has, and others where matrices are rounded")
    func types() throws {
      let auto = try Reference.outcomes(of: Self.jobs.get(), TestModels.demo.get())
      for choice in Self.choices {
        #expect((try Self.expected(choice) == auto) == (choice == .f32 || choice == .bf16), "\(choice)")
      }
    }
  }
}

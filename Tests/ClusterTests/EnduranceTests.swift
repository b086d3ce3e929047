import Coordinator
import Foundation
import GPT2
import Testing
import Worker

extension ClusterTests {
  /// In a process of its own, since descriptors belong to the process.
  @Suite("A thousand requests", .timeLimit(.minutes(1)))
  struct EnduranceTests {
    @Test("leave no descriptor, no slot and no waiting request behind")
    func nothingIsLeft() async {
      let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        func require(_ condition: Bool, _ what: String) {
          guard !condition else { return }
          try? FileHandle.standardError.write(contentsOf: Data(what.utf8))
          exit(1)
        }
        let checkpoint = try TestModels.odd.get()
        func run(_ count: Int, isOverTCP: Bool) async throws {
          let cluster =
            try isOverTCP
            ? TestCluster(checkpoint, loopback: [.checkpoint(checkpoint), .checkpoint(checkpoint)], rows: 16, slots: 4)
            : TestCluster(checkpoint, stages: 2, rows: 16, slots: 4)
          let engine = cluster.engine
          _ = try await engine.ready()
          let before = try descriptors()
          let jobs = Job.random(20, Configuration.small(checkpoint.configuration), seed: 50)
          let expected = try Reference.outcomes(of: jobs, checkpoint)
          for _ in 0..<(count / 20) {
            try await withThrowingTaskGroup(of: Void.self) { group in
              for (index, job) in jobs.enumerated() {
                if index % 5 == 4 {
                  let task = Task { try await job.run(on: engine) { withUnsafeCurrentTask { $0?.cancel() } } }
                  group.addTask { _ = await task.result }
                } else {
                  group.addTask { require(try await job.run(on: engine) == expected[index], "other bits") }
                }
              }
              try await group.waitForAll()
            }
          }
          let after = try descriptors()
          require(after == before, "\(after) descriptors, before \(before)")
          try await expectFreeSlots(4, on: engine)
        }
        // What is opened once and stays.
        try await run(20, isOverTCP: true)
        let before = try descriptors()
        try await run(1000, isOverTCP: false)
        try await run(200, isOverTCP: true)
        let after = try descriptors()
        require(after == before, "\(after) descriptors after the clusters, before \(before)")
      }
      #expect(result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } == "")
    }
  }
}

extension Configuration {
  /// Of a model with so little context that requests for it are short.
  fileprivate static func small(_ configuration: Configuration) -> Configuration {
    var configuration = configuration
    configuration.positionCount = 20
    return configuration
  }
}

import Coordinator
import Foundation
import GPT2
import Platform
import Testing
import Worker

extension ClusterTests {
  /// In a process of its own, since descriptors belong to the process.
  @Suite("A thousand requests", .timeLimit(.minutes(1)))
  struct EnduranceTests {
    @Test("leave no descriptor, no slot and no waiting request behind")
    func nothingIsLeft() async {
      await #expect(processExitsWith: .success) {
        // The time limit does not reach into this process.
        DispatchQueue.global().asyncAfter(deadline: .now() + 50) { exit(5) }
        let checkpoint = try TestModels.odd.get()
        var shape = checkpoint.configuration
        // So little context makes short requests.
        shape.positionCount = 20
        let jobs = Job.random(20, shape, seed: 50)
        let expected = try Reference.outcomes(of: jobs, checkpoint)

        func run(_ count: Int, on cluster: TestCluster) async throws {
          _ = try await cluster.ready()
          let before = try Descriptors.count()
          for _ in 0..<(count / jobs.count) {
            try await withThrowingTaskGroup(of: Void.self) { group in
              for (index, job) in jobs.enumerated() {
                if index % 5 == 4 {
                  group.addTask { _ = await cluster.runCancelled(job) }
                } else {
                  group.addTask { guard try await cluster.run(job) == expected[index] else { exit(2) } }
                }
              }
              try await group.waitForAll()
            }
          }
          guard try Descriptors.count() == before else { exit(3) }
          try await expectFreeSlots(4, on: cluster)
        }
        // What is opened once and stays.
        _ = try TestCluster(checkpoint, stages: 2)
        let before = try Descriptors.count()
        try await run(1000, on: TestCluster(checkpoint, stages: 2, rows: 16, slots: 4))
        let sources = Array(repeating: SliceSource.checkpoint(checkpoint), count: 2)
        try await run(200, on: TestCluster(checkpoint, loopback: sources, rows: 16, slots: 4))
        // The last task to end may hold the engine a moment longer.
        let end = Instant.now + .seconds(10)
        while try Descriptors.count() > before, .now < end { await Task.yield() }
        // Fewer where the first cluster was not quite gone when they were counted.
        guard try Descriptors.count() <= before else { exit(4) }
      }
    }
  }
}

private enum Descriptors {
  static func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
}

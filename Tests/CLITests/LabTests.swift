import Foundation
import Testing

@Suite(
  "Hosts of the lab", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: Lab.obstacle == nil, Comment(rawValue: Lab.obstacle ?? "")))
struct LabTests {
  private static func run(_ work: [String], cache: String) throws -> RunningProgram {
    try Lab.begin(
      ["run", "3", "--spawn-extra", "--threads 1 --cache \(cache)", "--", Program.url.path, "generate"] + work)
  }

  @Test("write together what one process writes, under a key")
  func run() throws {
    let folder = try TemporaryFolder()
    let program = try Self.run(Cluster.question, cache: folder.path("cache"))
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(program.output == Cluster.answer)
    try program.note(with: "\(Lab.name)-2 joined from tcp://10.77.0.2:7071")
    for host in [2, 3] { #expect(try program.note(with: "  \(Lab.name)-\(host): blocks").contains("received")) }
  }

  @Test("are named within 2 s when their cable is cut, and none stays behind")
  func cut() throws {
    let folder = try TemporaryFolder()
    let program = try Self.run(Cluster.longWork, cache: folder.path("cache"))
    try program.note(with: "in 2 stages")
    #expect(try Lab.begin(["cut", "3"]).end() == 0)
    let start = SuspendingClock.now
    // The coordinator's words; the worker that was cut off has its own for the coordinator.
    try program.note(with: "gpt2: worker \(Lab.name)-3 (blocks")
    // Half a second for a machine that does something else too.
    #expect(SuspendingClock.now - start < .seconds(2.5))
    #expect(try program.end() == 1, "\(program.notes)")
    let namespaces = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
    #expect(!namespaces.contains { $0.hasPrefix(Lab.name) })
  }
}

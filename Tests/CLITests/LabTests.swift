import Foundation
import TestSupport
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
    let program = try Self.run(Cluster.question + ["--stats"], cache: folder.path("cache"))
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(program.output == Cluster.answer)
    try program.note(with: "\(Lab.name)-2 joined from tcp://10.77.0.2:7071")
    for host in [2, 3] { #expect(try program.note(with: ", \(Lab.name)-\(host): blocks").contains("received")) }
  }

  @Test("are refused by name when they announce loopback to others, who wait for another")
  func loopback() throws {
    let folder = try TemporaryFolder()
    #expect(try Program(["keygen", folder.path("key")]).status == 0)
    #expect(try Lab.begin(["up", "2"]).end() == 0)
    defer { _ = try? Lab.begin(["down"]).end() }
    func on(_ host: Int, _ arguments: [String]) throws -> RunningProgram {
      try Lab.begin(
        ["exec", "\(host)", Program.url.path] + arguments + ["--threads", "1", "--key", folder.path("key")])
    }
    func worker(_ name: String, on host: Int, of coordinator: String) throws -> RunningProgram {
      try on(host, ["worker", "--coordinator", "tcp://\(coordinator):7070", "--demo", "--name", name])
    }
    let coordinator = try on(1, ["generate", "--listen", "tcp://0.0.0.0:7070", "--workers", "2"] + Cluster.question)
    let lame = try worker("lame", on: 1, of: "127.0.0.1")
    try coordinator.note(with: "lame joined")
    let far = try worker("far", on: 2, of: "10.77.0.1")
    #expect(try coordinator.note(with: "refused lame").contains("which far on another host cannot dial"))
    #expect(try lame.end() == 1)
    let near = try worker("near", on: 1, of: "10.77.0.1")
    #expect(try (coordinator.end(), far.end(), near.end()) == (0, 0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
  }

  @Test("are no lost ones behind a slow link, however long an activation takes to cross it")
  func slow() throws {
    let ids = (0..<240).map { "\(($0 * 37 + 5) % 1023)" }.joined(separator: ",")
    let prompts = (1...4).flatMap { ["--token-ids", "\($0),\(ids)"] }
    let work = prompts + ["--max-tokens", "2", "--seed", "2", "--micro-batch", "964"]
    let program = try Lab.begin(
      ["run", "3", "--rate", "1mbit", "--spawn-extra", "--threads 1 --demo", "--", Program.url.path, "generate"] + work)
    // 494 kB take four seconds at each hop, more than twice as long as a link may be silent.
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(program.output == (try Program(["generate", "--stages", "1"] + work).output))
  }

  @Test("are named within 2 s when their cable is cut, and none stays behind")
  func cut() throws {
    let folder = try TemporaryFolder()
    let program = try Self.run(Cluster.longWork + ["--recover", "none"], cache: folder.path("cache"))
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

import Foundation
import TestSupport
import Testing

/// What Tests/Faults does at length, with clients and pauses that are measured.
@Suite("A worker that is lost, leaves or comes", .serialized, .timeLimit(.minutes(5)))
struct RecoveryTests {
  @Test(
    "is replaced, and the text stays the same",
    arguments: [("spare", ["--spares", "1"]), ("process", []), ("split", []), ("spare,process,split,wait", [])])
  func killed(means: String, flags: [String]) throws {
    let program = try RunningProgram(
      ["generate", "--spawn", "3", "--recover", means] + flags + Cluster.longText)
    try program.note(with: "in 3 stages")
    try #require(program.children.count == 3 + flags.count / 2)
    kill(program.children[1], SIGKILL)
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(program.output == Cluster.longAnswer)
    #expect(program.notes.contains { $0.contains("worker-2 (blocks") && $0.contains("lost") }, "\(program.notes)")
    #expect(program.notes.contains { $0.contains("work goes on") }, "\(program.notes)")
  }

  @Test("is replaced however often, while another is being replaced too")
  func killedAgain() throws {
    let program = try RunningProgram(["generate", "--spawn", "3"] + Cluster.longText)
    try program.note(with: "in 3 stages")
    for number in [0, 2, 1] {
      try #require(eventually { program.children.count == 3 })
      kill(program.children[number], SIGKILL)
      // About as long as it takes to start one anew: some die while the one before is being replaced.
      usleep(300_000)
    }
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(program.output == Cluster.longAnswer)
  }

  @Test("leaves the scores and the hidden states as they were")
  func scoreAndEmbed() throws {
    let folder = try TemporaryFolder()
    let work = (0..<48).flatMap { line in
      ["--token-ids", (0..<240).map { "\((line * 91 + $0 * 37 + 5) % 1023)" }.joined(separator: ",")]
    }
    let scores = try Program(["score", "--per-token"] + work).output
    #expect(try Program(["embed", "--output", folder.path("one")] + work).status == 0)
    for command in [["score", "--per-token"], ["embed", "--output", folder.path("three")]] {
      let program = try RunningProgram(command + ["--spawn", "3", "--micro-batch", "32", "--stats"] + work)
      try program.note(with: "in 3 stages")
      try #require(program.children.count == 3)
      kill(program.children[2], SIGKILL)
      #expect(try program.end() == 0, "\(program.notes)")
      #expect(program.notes.contains { $0.contains("work goes on") }, "\(program.notes)")
      if command[0] == "score" { #expect(program.output == scores) }
    }
    #expect(
      try Data(contentsOf: folder.url.appending(path: "one")) == Data(contentsOf: folder.url.appending(path: "three")))
  }

  @Test("leaves by SIGTERM in order, another has its place, and nobody calls that a loss")
  func drained() throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.longText)
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address) }
    try coordinator.note(with: "in 2 stages")
    let third = try RunningProgram.worker("c", of: address)
    try coordinator.note(with: "c joined")
    workers[0].signal(SIGTERM)
    #expect(try workers[0].end() == 0, "\(workers[0].notes)")
    #expect(try (coordinator.end(), workers[1].end(), third.end()) == (0, 0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.longAnswer)
    #expect(!coordinator.notes.contains { $0.contains("lost") }, "\(coordinator.notes)")
    try third.note(with: "stage ")
  }

  @Test("ends the run by its name when no other comes in time")
  func waitedInVain() throws {
    let (coordinator, address) = try RunningProgram.coordinator(
      1, Cluster.longText + ["--recover", "wait", "--wait", "1"])
    let worker = try RunningProgram.worker("only", of: address)
    try coordinator.note(with: "in 1 stage")
    worker.signal(SIGKILL)
    #expect(try coordinator.end() == 1)
    #expect(
      coordinator.complaints.count == 1 && coordinator.complaints[0].contains("worker only (blocks 0 to 11)"),
      "\(coordinator.notes)")
  }

  @Test("finds a server that is started again on the same port, with its blocks")
  func coordinatorAgain() throws {
    func server(_ address: String) throws -> RunningProgram {
      try RunningProgram([
        "serve", "--http", "127.0.0.1:0", "--listen", address, "--workers", "2", "--threads", "1",
      ])
    }
    let first = try server("tcp://127.0.0.1:0")
    let address = try #require(
      try first.note(with: "waiting at ").split(separator: " ").first { $0.hasPrefix("tcp://") }
    ).description
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address) }
    try first.note(with: "in 2 stages")
    for signal in [SIGKILL, SIGTERM] {
      first.signal(signal)
      _ = try first.end()
      let second = try server(address)
      try second.note(with: "waiting at ")
      let start = SuspendingClock.now
      try second.note(with: "in 2 stages")
      #expect(SuspendingClock.now - start < .seconds(8))
      second.signal(SIGKILL)
      _ = try second.end()
    }
    for worker in workers {
      worker.signal(SIGTERM)
      #expect(try worker.end() == 0, "\(worker.notes)")
      #expect(worker.notes.count { $0.contains("read from files") } == 1, "\(worker.notes)")
    }
  }

  @Test(
    "has flags that are refused in a line where they are wrong",
    arguments: [
      (["--recover", "luck"], "--recover luck"), (["--recover", "split,split"], "--recover split,split"),
      (["--recover", ""], "--recover"), (["--recover", "none,split"], "--recover none,split"),
      (["--spares=-1"], "--spares -1"), (["--spares", "257"], "--spares 257"), (["--spares", "x"], "--spares"),
      (["--replay-memory=-5"], "--replay-memory -5"), (["--replay-memory", "much"], "--replay-memory much"),
    ])
  func flags(flags: [String], message: String) throws {
    let run = try Program(["generate", "x", "--spawn", "2"] + flags)
    #expect(run.status == 64 && run.output.isEmpty)
    let lines = run.notes.split(separator: "\n").filter { $0.starts(with: "gpt2: ") }
    #expect(lines.count == 1 && lines[0].contains(message), "\(run.notes)")
  }
}

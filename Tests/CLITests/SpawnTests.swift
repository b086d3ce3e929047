import Foundation
import TestSupport
import Testing

@Suite("Workers that a command starts", .serialized, .timeLimit(.minutes(5)))
struct SpawnTests {
  @Test(
    "write the tokens and log-probabilities of one process",
    arguments: [
      ["--spawn", "1"], ["--spawn", "2"], ["--spawn", "3", "--split", "1,9,2"], ["--spawn", "4"], ["--stages", "12"],
    ])
  func generate(flags: [String]) throws {
    let alone = try Self.generated(["--stages", "1"])
    #expect(try Self.generated(flags) == alone)
  }

  private static func generated(_ flags: [String]) throws -> [String] {
    let run = try Program(
      [
        "generate", "--token-ids", "825,25", "--token-ids", "5,6,7,8,9,10,11", "--max-tokens", "20", "--seed", "3",
        "--json",
      ]
        + flags)
    #expect(run.status == 0, "\(run.notes)")
    // Log-probabilities as they are printed, without the times.
    return try run.output.split(separator: "\n").map { line in
      try ["logprobs", "tokens", "text"].map { key in
        String(try #require(line.firstMatch(of: try Regex("\"\(key)\":(\\[[^\\]]*\\]|\"[^\"]*\")"))).0)
      }.joined()
    }
  }

  @Test("give the hidden states and the scores of one process")
  func embedAndScore() throws {
    let folder = try TemporaryFolder()
    let ids = (0..<40).map { "\(($0 * 37 + 5) % 1023)" }.joined(separator: ",")
    let work = ["--token-ids", ids, "--token-ids", "1,2,3"]
    let cluster = ["--spawn", "3", "--micro-batch", "7"]
    for (name, flags) in [("one", ["--stages", "1"]), ("three", cluster)] {
      #expect(try Program(["embed", "--logits", "--output", folder.path(name)] + work + flags).status == 0)
    }
    #expect(
      try Data(contentsOf: folder.url.appending(path: "one")) == Data(contentsOf: folder.url.appending(path: "three")))
    let scores = try [["--stages", "1"], cluster].map { flags in
      try Program(["score", "--per-token"] + work + flags).output
    }
    #expect(!scores[0].isEmpty && scores[0] == scores[1])
  }

  enum Blow: String, CaseIterable {
    case killedAtTheStart, killed, stopped

    var number: Int32 { self == .stopped ? SIGSTOP : SIGKILL }
  }

  @Test(
    "end the command when one of them is gone that is not to be replaced, by its name, within 2 s, and the others with it",
    arguments: Blow.allCases)
  func worker(blow: Blow) throws {
    let program = try RunningProgram(["generate", "--spawn", "3", "--recover", "none"] + Cluster.longWork)
    if blow == .killedAtTheStart {
      #expect(eventually { program.children.count == 3 })
    } else {
      try program.note(with: "in 3 stages")
    }
    let workers = program.children
    try #require(workers.count == 3)
    let start = SuspendingClock.now
    kill(workers[1], blow.number)
    #expect(try program.end() == 1)
    // Half a second for a machine that does something else too.
    #expect(SuspendingClock.now - start < .seconds(2.5))
    #expect(program.complaints.count == 1 && program.complaints[0].contains("worker-2"), "\(program.notes)")
    #expect(eventually(within: .seconds(1)) { !workers.contains(where: isAlive) })
  }

  @Test("go on when the command, or all of them, were stopped for a while", arguments: [false, true])
  func suspended(all: Bool) throws {
    let program = try RunningProgram(["generate", "--spawn", "2"] + Cluster.longText)
    try program.note(with: "in 2 stages")
    let processes = [program.processIdentifier] + (all ? program.children : [])
    for process in processes { kill(process, SIGSTOP) }
    // Longer than a worker may be silent. Only real time stops a process; what follows from it is in WorldTests too.
    usleep(2_500_000)
    for process in processes.reversed() { kill(process, SIGCONT) }
    #expect(try program.end() == 0, "\(program.notes)")
    #expect(program.output == Cluster.longAnswer)
  }

  @Test("need no key within one process, and a key that is given harms nobody")
  func inProcess() throws {
    let folder = try TemporaryFolder()
    #expect(try Program(["keygen", folder.path("key")]).status == 0)
    let run = try Program(["generate", "--stages", "2", "--key", folder.path("key")] + Cluster.question)
    #expect(run.status == 0 && run.output == Cluster.answer)
  }

  @Test("end with the command, however it ends", arguments: [SIGINT, SIGTERM, SIGKILL])
  func coordinator(signal: Int32) throws {
    let program = try RunningProgram(["generate", "--spawn", "2"] + Cluster.longWork)
    try program.note(with: "in 2 stages")
    let workers = program.children
    try #require(workers.count == 2)
    program.signal(signal)
    #expect(try program.end() == -signal)
    #expect(eventually(within: .seconds(2)) { !workers.contains(where: isAlive) })
    #expect(program.complaints.isEmpty, "\(program.notes)")
  }

  @Test("may be more than there are blocks: those left over are called spares")
  func spares() throws {
    let run = try Program(["generate", "--spawn", "2", "--split", "12"] + Cluster.question)
    #expect(run.status == 0 && run.output == Cluster.answer)
    #expect(run.notes.contains("worker-2 is a spare"))
  }

  @Test("leave a timeline that is JSON, a box for each micro-batch and stage")
  func trace() throws {
    let folder = try TemporaryFolder()
    let run = try Program(["generate", "--spawn", "2", "--trace", folder.path("trace.json")] + Cluster.question)
    #expect(run.status == 0)
    let data = try Data(contentsOf: folder.url.appending(path: "trace.json"))
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let events = try #require(object["traceEvents"] as? [[String: Any]])
    let rows = Dictionary(grouping: events.filter { $0["ph"] as? String == "X" }) { $0["tid"] as? Int ?? -1 }
    #expect(rows.keys.sorted() == [0, 1, 2])
    #expect(rows[1]!.count >= 24 && rows[1]!.count == rows[2]!.count && rows[0]!.count == 2 * rows[1]!.count)
  }
}

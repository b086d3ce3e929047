import Foundation
import TestSupport
import Testing
import ZeroMQ

@Suite("Calls for a cluster that cannot work", .timeLimit(.minutes(5)))
struct ClusterCallTests {
  @Test(
    "end in one line that says what to do",
    arguments: [
      (
        ["generate", "x", "--listen", "tcp://no-such-host.invalid:7070", "--workers", "1", "--insecure"], 1,
        "give one of its own"
      ),
      (["generate", "x", "--listen", "tcp://0.0.0.0:0", "--workers", "1"], 64, "gpt2 keygen"),
      (["generate", "x", "--listen", "tcp://127.0.0.1:0"], 64, "--workers"),
      (["generate", "x", "--workers", "2"], 64, "--listen"),
      (
        ["generate", "x", "--listen", "tcp://127.0.0.1:0", "--workers", "1", "--wait", "1"], 1,
        "gpt2 worker --coordinator tcp://127.0.0.1:"
      ),
      (
        ["generate", "x", "--listen", "tcp://0.0.0.0:0", "--workers", "1", "--wait", "1", "--insecure"], 1,
        "gpt2 worker --coordinator tcp://HOST:"
      ),
      (["generate", "x", "--spawn", "2", "--stages", "2"], 64, "only one"),
      (["generate", "x", "--spawn", "2", "--split", "5,5"], 1, "adds up to 10"),
      (["generate", "x", "--spawn", "2", "--split", "5,4,3"], 64, "3 parts for 2 workers"),
      (["generate", "x", "--split", "6,6"], 64, "--stages 2"),
      (["score", "x", "--spawn", "0"], 64, "(gpt2 score --help)"), (["--spawn", "2"], 64, "(gpt2 --help)"),
      (["generate", "x", "--stages", "2", "--split", "12,0"], 64, "at least 1"),
      (["generate", "x", "--stages", "2", "--split", "six,six"], 64, "whole numbers"),
      (["generate", "x", "--spawn", "2", "--trace", "/nowhere/trace.json"], 1, "/nowhere/trace.json"),
      (["generate", "x", "--stages", "2", "--trace", "/dev"], 1, "/dev"),
      (["generate", "--spawn", "2", "--token-ids", "5,1024"], 1, "1024"),
      (["generate", "--stages", "3", "--token-ids", "5,1024"], 1, "1024"),
      (["generate", "x", "--spawn", "2", "--key", "/nowhere.key"], 1, "gpt2 keygen"),
      (["worker", "--coordinator", "tcp://no-such-host.invalid:7070", "--insecure", "--demo"], 1, "unknown host"),
      (["worker", "--coordinator", "tcp://127.0.0.1:9", "--wait", "1", "--demo"], 1, "127.0.0.1:9"),
      (["worker", "--coordinator", "tcp://0.0.0.0:7070", "--insecure", "--demo"], 1, "cannot be dialled"),
      (["worker", "--coordinator", "tcp://127.0.0.1:7070", "--listen", "tcp://*:0", "--insecure"], 64, "--advertise"),
      (
        ["worker", "--coordinator", "tcp://127.0.0.1:7070", "--listen", "tcp://0.0.0.0:0", "--demo"], 64, "gpt2 keygen"
      ),
      (["worker", "--coordinator", "tcp://127.evil.example:7070", "--demo"], 64, "gpt2 keygen"),
      (["worker", "--coordinator", "tcp://127.0.0.1:7070", "--model", "/nowhere"], 1, "/nowhere"),
      (["worker", "--coordinator", "tcp://127.0.0.1:7070", "--cache", "/dev/null/x"], 1, "--cache"),
      (["worker", "--coordinator", "tcp://127.0.0.1:7070", "--memory", "much"], 64, "--memory"),
    ])
  func badCalls(arguments: [String], status: Int, message: String) throws {
    let run = try Program(arguments)
    #expect(run.status == Int32(status))
    #expect(run.output.isEmpty)
    let lines = run.notes.split(separator: "\n").filter { $0.hasPrefix("gpt2: ") }
    #expect(lines.count == 1 && lines[0].contains(message), "\(run.notes)")
  }

  @Test("say of a port that is taken that another program listens there")
  func portTaken() throws {
    let context = try Context()
    let other = try Socket(.router, context)
    let address = try other.bind("tcp://127.0.0.1:0")
    for arguments in [
      ["generate", "x", "--listen", address, "--workers", "1"],
      ["worker", "--coordinator", "tcp://127.0.0.1:9", "--listen", address, "--demo"],
    ] {
      let run = try Program(arguments)
      #expect(run.status == 1 && run.notes.split(separator: "\n").count == 1)
      #expect(run.notes.contains(address) && run.notes.contains("another program listens there"), "\(run.notes)")
    }
    withExtendedLifetime(other) {}
  }

  @Test("say of a key that others may read what to do about it")
  func readableKey() throws {
    let folder = try TemporaryFolder()
    #expect(try Program(["keygen", folder.path("key")]).status == 0)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.path("key"))
    for arguments in [
      ["generate", "x", "--spawn", "2"], ["worker", "--coordinator", "tcp://127.0.0.1:9", "--demo"],
    ] {
      let run = try Program(arguments + ["--key", folder.path("key")])
      #expect(run.status == 1 && run.notes.split(separator: "\n").count == 1)
      #expect(run.notes.contains("chmod 600"), "\(run.notes)")
    }
  }

  @Test("say that standard output is full, and leave no worker behind", .enabled(if: access("/dev/full", W_OK) == 0))
  func full() throws {
    let run = try Program(["generate", "--spawn", "2"] + Cluster.question, output: "/dev/full")
    #expect(run.status == 1)
    let lines = run.notes.split(separator: "\n").filter { $0.hasPrefix("gpt2: ") }
    #expect(lines.count == 1 && lines[0].contains("standard output: cannot write: No space left"), "\(run.notes)")
  }
}

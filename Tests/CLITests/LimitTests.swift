import Foundation
import GPT2
import Platform
import TestSupport
import Testing

@Suite("A limit of the system", .timeLimit(.minutes(3)))
struct LimitTests {
  /// Runs the program under a limit that the shell sets.
  private func program(_ limit: String, _ arguments: [String], in folder: TemporaryFolder) throws -> RunningProgram {
    try RunningProgram(
      ["-c", "cd \"$0\" && ulimit \(limit) && exec \"$@\"", folder.url.path, Program.url.path] + arguments,
      of: URL(filePath: "/bin/sh"))
  }

  @Test("of open files that is too low is said in one line", arguments: [10, 20, 30, 40, 60])
  func descriptors(limit: Int) throws {
    let folder = try TemporaryFolder()
    for arguments in [
      ["serve", "--spawn", "2", "--http", "127.0.0.1:0"], ["generate", "--stages", "2"] + Cluster.question,
      ["worker", "--coordinator", "tcp://127.0.0.1:9", "--wait", "1"],
    ] {
      let run = try program("-n \(limit)", arguments, in: folder)
      #expect(try run.end() == 1)
      #expect(run.notes.count == 1, "\(run.notes)")
      #expect(run.notes.first?.contains("raise the limit (ulimit -n") == true, "\(run.notes)")
    }
  }

  @Test("of open files leaves room for who asks something, however many visitors there are who do not")
  func visitors() throws {
    let folder = try TemporaryFolder()
    // A little more than the server insists on.
    let limit = 100 + 4 * Host.cores
    let server = try program("-n \(limit)", ["serve", "--http", "127.0.0.1:0", "--threads", "1"], in: folder)
    let line = try server.note(with: "listening")
    let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
    let visitors = try (0..<(limit + 20)).map { _ in try Connection(port: port) }
    let isReady = eventually {
      let connection = try? Connection(port: port)
      connection?.send(ServedModel.request("GET", "/ready"))
      return (try? connection?.answer().status) == 200
    }
    #expect(isReady)
    withExtendedLifetime(visitors) {}
    server.signal(SIGTERM)
    #expect(try server.end() == 0, "\(server.notes)")
    #expect(server.notes.filter { $0.contains("no more files") }.count <= 1)
  }

  @Test("of open files that may be raised is raised")
  func raised() throws {
    let folder = try TemporaryFolder()
    let run = try program("-S -n 20", ["generate", "--stages", "2"] + Cluster.question, in: folder)
    #expect(try run.end() == 0, "\(run.notes)")
    #expect(run.output == Cluster.answer)
  }

  @Test(
    "of the size of files is an error of what cannot be written",
    arguments: [
      ["embed", "--token-ids", "1,2,3", "--output", "file"], ["keygen", "file"],
      ["generate", "--token-ids", "1,2", "--max-tokens", "2", "--trace", "file"],
    ])
  func fileSize(arguments: [String]) throws {
    let folder = try TemporaryFolder()
    let run = try program("-f 0", arguments, in: folder)
    #expect(try run.end() == 1, "\(run.notes)")
    #expect(run.complaints.count == 1 && run.complaints[0].contains("File too large"), "\(run.notes)")
  }

  @Test("of the size of files, in a worker's cache, is an error that names the tensor's file and what to do")
  func cache() throws {
    let folder = try TemporaryFolder()
    let (coordinator, address) = try RunningProgram.coordinator(1, Cluster.question)
    let worker = try program(
      "-f 8", ["worker", "--coordinator", address, "--threads", "1", "--cache", folder.path("cache")], in: folder)
    #expect(try worker.end() == 1)
    #expect(worker.complaints.count == 1 && worker.complaints[0].contains("(ulimit -f)"), "\(worker.notes)")
    // The coordinator goes on without it.
    let other = try RunningProgram.worker("other", of: address)
    #expect(try (coordinator.end(), other.end()) == (0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
  }
}

@Suite("A worker without a place for a cache", .timeLimit(.minutes(1)))
struct WorkerWithoutCacheTests {
  @Test("says so once, and works", arguments: ["", "/nonexistent"])
  func works(home: String) throws {
    let folder = try TemporaryFolder()
    let (coordinator, address) = try RunningProgram.coordinator(1, Cluster.question)
    let worker = try RunningProgram(
      ["worker", "--coordinator", address, "--threads", "1"],
      environment: ["HOME": home, "XDG_CACHE_HOME": "", "TMPDIR": folder.url.path])
    #expect(try (coordinator.end(), worker.end()) == (0, 0), "\(coordinator.notes) \(worker.notes)")
    #expect(coordinator.output == Cluster.answer)
    #expect(worker.complaints.count == 1, "\(worker.notes)")
    #expect(worker.complaints.first?.hasSuffix("kept only as long as this worker runs") == true)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == [])
  }
}

import Foundation
import Pipeline
import TestSupport
import Testing
import ZeroMQ

@Suite("Who is let into a cluster", .serialized, .timeLimit(.minutes(5)))
struct DoorTests {
  private static func keys(_ names: String..., in folder: TemporaryFolder) throws {
    for name in names { #expect(try Program(["keygen", folder.path(name), "--name", name]).status == 0) }
  }

  private static func list(_ names: [String], in folder: TemporaryFolder) throws {
    let lines = try names.map { try String(contentsOfFile: folder.path("\($0).pub"), encoding: .utf8) }
    try Data(lines.joined().utf8).write(to: folder.url.appending(path: "allowed"), options: .atomic)
  }

  private static func own(_ name: String, _ folder: TemporaryFolder) -> [String] {
    ["--key", folder.path(name), "--coordinator-key", folder.path("coordinator.pub")]
  }

  @Test("is told by each member's own key")
  func ownKeys() throws {
    let folder = try TemporaryFolder()
    try Self.keys("coordinator", "a", "b", "thief", in: folder)
    try Self.list(["a", "b"], in: folder)
    let (coordinator, address) = try RunningProgram.coordinator(
      2, Cluster.question + ["--key", folder.path("coordinator"), "--allowed-keys", folder.path("allowed")])
    #expect(try coordinator.note(with: "waiting at").contains("--coordinator-key"))
    // Whose key is not in the list, and who takes another for the coordinator.
    let thief = try RunningProgram.worker("thief", of: address, Self.own("thief", folder) + ["--wait", "1"])
    #expect(try thief.end() == 1)
    #expect(try coordinator.note(with: "turned away a connection").contains("127.0.0.1"))
    let mistaken = try RunningProgram.worker(
      "a", of: address, ["--key", folder.path("a"), "--coordinator-key", folder.path("b.pub"), "--wait", "1"])
    #expect(try mistaken.end() == 1)
    // A member under another's name.
    let poser = try RunningProgram.worker("a", of: address, Self.own("b", folder))
    #expect(try poser.end() == 1)
    #expect(try coordinator.note(with: "refused a").contains("belongs to another key"))
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address, Self.own($0, folder)) }
    #expect(try coordinator.end() == 0, "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
    for worker in workers { #expect(try worker.end() == 0, "\(worker.notes)") }
  }

  @Test("is read again when the list changes, and who was taken out is out")
  func withdrawn() throws {
    let folder = try TemporaryFolder()
    try Self.keys("coordinator", "a", "b", in: folder)
    try Self.list(["a"], in: folder)
    let (coordinator, address) = try RunningProgram.coordinator(
      2, Cluster.longText + ["--key", folder.path("coordinator"), "--allowed-keys", folder.path("allowed")])
    let workers = try ["a", "b"].map {
      try RunningProgram.worker($0, of: address, Self.own($0, folder) + ["--wait", $0 == "a" ? "1" : "20"])
    }
    try coordinator.note(with: "turned away a connection")
    try Self.list(["a", "b"], in: folder)
    try coordinator.note(with: "2 keys are let in")
    try coordinator.note(with: "in 2 stages")
    try Self.list(["b"], in: folder)
    #expect(try coordinator.note(with: "worker a (blocks").contains("its key"))
    // The other goes on without it.
    #expect(try (coordinator.end(), workers[0].end(), workers[1].end()) == (0, 1, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.longAnswer)
  }

  @Test("on loopback has the key of the user, in a file that only the user may read, and else is turned away")
  func loopback() throws {
    let folder = try TemporaryFolder()
    let other = try TemporaryFolder()
    func runtime(_ folder: TemporaryFolder) -> [String: String] { ["XDG_RUNTIME_DIR": folder.url.path] }
    let coordinator = try RunningProgram(
      ["generate", "--listen", "tcp://127.0.0.1:0", "--workers", "1", "--threads", "1"] + Cluster.question,
      environment: runtime(folder))
    let address = String(try coordinator.note(with: "waiting at ").split(separator: " ")[2])
    let key = folder.path("gpt2-cluster/loopback.key")
    #expect(try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int == 0o600)
    let arguments = ["worker", "--coordinator", address, "--demo", "--threads", "1", "--name"]
    for (name, flags, environment) in [
      ("foreign", [], runtime(other)), ("plain", ["--insecure"], runtime(folder)),
    ] as [(String, [String], [String: String])] {
      let stranger = try RunningProgram(arguments + [name, "--wait", "1"] + flags, environment: environment)
      #expect(try stranger.end() == 1)
      #expect(stranger.complaints.last!.contains("--key"), "\(stranger.notes)")
    }
    let worker = try RunningProgram(arguments + ["own"], environment: runtime(folder))
    #expect(try (coordinator.end(), worker.end()) == (0, 0), "\(coordinator.notes) \(worker.notes)")
    #expect(coordinator.output == Cluster.answer)
  }

  @Test("of processes that a command starts is handed over where nobody can read it")
  func spawned() throws {
    let program = try RunningProgram(["generate", "--spawn", "2"] + Cluster.longWork)
    try program.note(with: "in 2 stages")
    let workers = program.children
    try #require(workers.count == 2)
    for process in workers {
      for name in ["cmdline", "environ"] {
        let text = String(decoding: try Data(contentsOf: URL(filePath: "/proc/\(process)/\(name)")), as: UTF8.self)
        #expect(!text.contains("--key ") && !text.contains("--key\0") && !text.contains("KEY="))
      }
      // Where it listens, as its coordinator does: nobody gets a word without the key of the run.
      let context = try Context()
      for port in Self.ports(of: process) + Self.ports(of: program.processIdentifier) {
        let socket = try Socket(.dealer, context)
        let monitor = try socket.monitor()
        try socket.connect("tcp://127.0.0.1:\(port)")
        var failure: HandshakeFailure?
        while failure == nil {
          _ = try Poll.wait([.monitor(monitor)], timeout: .seconds(10))
          while let event = try monitor.next() { if case .handshakeFailed(let why) = event.kind { failure = why } }
        }
      }
    }
    program.signal(SIGINT)
    _ = try program.end()
  }

  /// Ports of loopback at which a process listens.
  private static func ports(of process: Int32) -> [Int] {
    let folder = "/proc/\(process)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let sockets = Set(
      names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") })
    let table = (try? String(contentsOfFile: "/proc/\(process)/net/tcp", encoding: .utf8)) ?? ""
    return table.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
      return Int(fields[1].suffix(4), radix: 16)
    }
  }

  @Test(
    "is refused by name with an address that nobody can dial, while the others wait for one with another",
    arguments: [
      ("tcp://no-such-host.invalid:7071", "cannot look up"), ("tcp://127.0.0.1:0", "port 0"),
      ("tcp://0.0.0.0:7071", "every interface"),
    ])
  func addresses(address: String, reason: String) throws {
    let (coordinator, place) = try RunningProgram.coordinator(2, Cluster.question)
    let good = try RunningProgram.worker("good", of: place)
    try coordinator.note(with: "good joined")
    let bad = try RunningProgram.worker(
      "bad", of: place, ["--insecure", "--advertise", address, "--key"] + [Self.userKey])
    #expect(try bad.end() == 1)
    #expect(try coordinator.note(with: "refused bad").contains(reason))
    let better = try RunningProgram.worker("better", of: place)
    #expect(try (coordinator.end(), good.end(), better.end()) == (0, 0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
  }

  /// The file of the key that commands of this user share on loopback.
  private static var userKey: String {
    let environment = ProcessInfo.processInfo.environment
    let run = environment["XDG_RUNTIME_DIR"] ?? "/run/user/\(geteuid())"
    let file = "\(run)/gpt2-cluster/loopback.key"
    return FileManager.default.fileExists(atPath: file)
      ? file : "\(environment["HOME"] ?? "")/.cache/gpt2-cluster/run/loopback.key"
  }

  @Test("names the flags that others need, also when it has waited in vain")
  func flags() throws {
    let folder = try TemporaryFolder()
    try Self.keys("key", in: folder)
    let (coordinator, _) = try RunningProgram.coordinator(
      1, Cluster.question + ["--wait", "1", "--key", folder.path("key")])
    #expect(try coordinator.end() == 1)
    let command = "gpt2 worker --coordinator tcp://127.0.0.1:"
    #expect(
      coordinator.complaints.last!.contains(command)
        && coordinator.complaints.last!.contains("--key \(folder.path("key"))"))
  }
}

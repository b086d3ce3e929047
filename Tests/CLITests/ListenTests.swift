import Foundation
import TestSupport
import Testing
import ZeroMQ

@Suite("Workers that dial in", .serialized, .timeLimit(.minutes(5)))
struct ListenTests {
  @Test("may come first, last and again, and are sent what they have not")
  func joining() throws {
    let folder = try TemporaryFolder()
    let context = try Context()
    // A port that is free, for a worker that is there before its coordinator.
    let address = try Socket(.router, context).bind("tcp://127.0.0.1:0")
    for round in 0..<2 {
      let first = try RunningProgram.worker("first", of: address, ["--cache", folder.path("first")])
      try first.note(with: "dialling \(address)")
      let coordinator = try RunningProgram(
        ["generate", "--listen", address, "--workers", "2", "--threads", "1", "--stats"] + Cluster.question)
      try coordinator.note(with: "first joined")
      let last = try RunningProgram.worker("last", of: address, ["--cache", folder.path("last")])
      #expect(try (coordinator.end(), first.end(), last.end()) == (0, 0, 0), "\(coordinator.notes) \(first.notes)")
      #expect(coordinator.output == Cluster.answer)
      for name in ["first: blocks", "last: blocks"] {
        let line = try coordinator.note(with: name)
        #expect(line.contains(round == 0 ? "2.4 MB received" : "2.4 MB from its cache"))
        #expect(!line.contains(round == 0 ? "cache" : "received"))
      }
    }
  }

  @Test("go on where a transfer was broken off")
  func brokenTransfer() throws {
    let folder = try TemporaryFolder()
    let (coordinator, address) = try RunningProgram.coordinator(1, Cluster.question)
    let first = try RunningProgram.worker("first", of: address, ["--cache", folder.path("cache")])
    #expect(
      eventually {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path("cache"))) ?? []
        return files.contains { $0.hasSuffix(".tensor") }
      })
    first.signal(SIGKILL)
    _ = try first.end()
    try coordinator.note(with: "worker first (blocks 0 to 11) was lost: its connection ended")
    let second = try RunningProgram.worker("second", of: address, ["--cache", folder.path("cache")])
    #expect(try (coordinator.end(), second.end()) == (0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
    let line = try coordinator.note(with: "second: blocks 0 to 11")
    #expect(line.contains("from its cache"))
  }

  @Test(
    "are refused by name with another checkpoint, of another shape or of other bytes, while the others wait for more")
  func otherCheckpoint() throws {
    let folder = try TemporaryFolder()
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question + ["--recover", "wait"])
    let shape = try Cluster.checkpoint(in: folder) { copy in
      let file = copy.appending(path: "config.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try text.replacing("\"n_head\": 4", with: "\"n_head\": 8").write(to: file, atomically: true, encoding: .utf8)
    }
    let thin = try RunningProgram.worker("thin", of: address, ["--model", shape])
    #expect(try thin.end() == 1)
    #expect(thin.complaints.count == 1 && thin.complaints[0].contains("of another shape"))
    #expect(try coordinator.note(with: "refused thin").contains(shape))

    let bytes = try Cluster.checkpoint(in: folder) { copy in
      let file = copy.appending(path: "model.safetensors")
      var data = try Data(contentsOf: file)
      let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let tensors = try JSONSerialization.jsonObject(with: data[8..<(8 + header)]) as? [String: [String: Any]]
      let entry = try #require(tensors?.first { $0.key.hasSuffix("h.0.attn.c_attn.weight") })
      let offsets = try #require(entry.value["data_offsets"] as? [Int])
      data[8 + header + offsets[1] - 2] ^= 1
      try data.write(to: file)
    }
    // By its name it gets the first block.
    let liar = try RunningProgram.worker("crook", of: address, ["--model", bytes])
    try coordinator.note(with: "crook joined")
    let honest = try RunningProgram.worker("honest", of: address)
    #expect(try liar.end() == 1)
    #expect(
      try coordinator.note(with: "worker crook failed").contains("h.0.attn.c_attn.weight is not the coordinator's"))
    let another = try RunningProgram.worker("another", of: address)
    #expect(try (coordinator.end(), honest.end(), another.end()) == (0, 0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
  }

  @Test("may be killed before the start, and others take their place")
  func killedBefore() throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question)
    let unlucky = try RunningProgram.worker("unlucky", of: address)
    try coordinator.note(with: "unlucky joined")
    unlucky.signal(SIGKILL)
    try coordinator.note(with: "unlucky left")
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address) }
    #expect(try coordinator.end() == 0, "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
    for worker in workers { #expect(try worker.end() == 0) }
  }

  @Test(
    "are named within 2 s when they are gone and not to be replaced, and the others are told",
    arguments: [SIGKILL, SIGSTOP])
  func lost(signal: Int32) throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.longWork + ["--recover", "none"])
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address, ["--wait", "1"]) }
    try coordinator.note(with: "in 2 stages")
    let start = SuspendingClock.now
    workers[1].signal(signal)
    #expect(try coordinator.end() == 1)
    #expect(SuspendingClock.now - start < .seconds(2.5))
    #expect(coordinator.complaints.count == 1 && coordinator.complaints[0].contains("worker b (blocks"))
    #expect(try workers[0].end() == 1)
    #expect(workers[0].complaints.count == 1 && workers[0].complaints[0].contains("worker b (blocks"))
    workers[1].signal(SIGCONT)
    _ = try workers[1].end()
  }

  @Test("look for the coordinator again when it is killed, and end in a line of their own when none comes")
  func coordinatorLost() throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.longWork)
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address, ["--wait", "1"]) }
    try coordinator.note(with: "in 2 stages")
    coordinator.signal(SIGKILL)
    for worker in workers {
      try worker.note(with: "the connection to the coordinator was lost; it dials again")
      #expect(try worker.end() == 1)
      #expect(worker.complaints.count == 1 && worker.complaints[0].contains("no coordinator"), "\(worker.notes)")
    }
  }

  @Test("are spares when they have too little memory, and an error when all have")
  func memory() throws {
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question)
    let workers = try [["--memory", "1MB"], []].enumerated().map {
      try RunningProgram.worker("w\($0)", of: address, $1)
    }
    #expect(try coordinator.end() == 0)
    #expect(try coordinator.note(with: "w0 is a spare").contains("memory"))
    try workers[0].note(with: "a spare")
    for worker in workers { #expect(try worker.end() == 0) }

    let (poor, place) = try RunningProgram.coordinator(1, Cluster.question)
    let small = try RunningProgram.worker("small", of: place, ["--memory", "1MB"])
    #expect(try poor.end() == 1)
    #expect(poor.complaints.count == 1 && poor.complaints[0].contains("raise"))
    #expect(try small.end() == 1)
  }

  @Test(
    "are kept out without the cluster's key, and told so",
    arguments: [("ours", "theirs"), ("ours", nil), (nil, "ours")] as [(String?, String?)])
  func keys(coordinators: String?, workers: String?) throws {
    let folder = try TemporaryFolder()
    for name in ["ours", "theirs"] { #expect(try Program(["keygen", folder.path(name)]).status == 0) }
    func flags(_ name: String?) -> [String] { name.map { ["--key", folder.path($0)] } ?? [] }
    let (coordinator, address) = try RunningProgram.coordinator(1, Cluster.question + flags(coordinators))
    let worker = try RunningProgram.worker("stranger", of: address, ["--wait", "1"] + flags(workers))
    #expect(try worker.end() == 1)
    #expect(worker.complaints.last!.contains("--key"))
    // Which of the two hangs up first is chance, and with it what each learns.
    try coordinator.note(with: "key")
    coordinator.signal(SIGINT)
    #expect(try coordinator.end() == -SIGINT)
    // Each says it once, however often the other tries.
    #expect(coordinator.complaints.count == 1 && worker.complaints.count <= 2, "\(coordinator.notes) \(worker.notes)")
  }

  @Test("work with the key as without")
  func sameKey() throws {
    let folder = try TemporaryFolder()
    let key = ["--key", folder.path("key")]
    #expect(try Program(["keygen", folder.path("key")]).status == 0)
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question + key)
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address, key) }
    #expect(try coordinator.end() == 0, "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
    for worker in workers { #expect(try worker.end() == 0) }
  }
}

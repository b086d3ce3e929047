import Foundation
import Pipeline
import Testing
import ZeroMQ

@Suite("Strangers at the ports of a cluster", .serialized, .timeLimit(.minutes(5)))
struct StrangerTests {
  @Test("hold nobody up, whatever they send, and are told of in few lines")
  func strangers() throws {
    let context = try Context()
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question + ["--insecure"])
    let first = try RunningProgram.worker("a", of: address, ["--insecure"])
    try coordinator.note(with: "a joined")
    let listening = try #require(try first.note(with: "listening at").split(separator: " ").last)
    let visitors = try [address, String(listening)].map { try Visitor($0, context) }
    for visitor in visitors { try visitor.misbehave() }
    try coordinator.note(with: "ignored 127.0.0.1, who sent")
    let second = try RunningProgram.worker("b", of: address, ["--insecure"])
    #expect(try (coordinator.end(), first.end(), second.end()) == (0, 0, 0), "\(coordinator.notes) \(first.notes)")
    #expect(coordinator.output == Cluster.answer)
    #expect(first.complaints.contains { $0.contains("ignored 127.0.0.1, who sent") })
    for program in [coordinator, first] { #expect((1...20).contains(program.complaints.count)) }
    withExtendedLifetime(visitors) {}
  }

  @Test("do not disturb work under way")
  func meanwhile() throws {
    let context = try Context()
    let work =
      (0..<16).flatMap { ["--token-ids", "\(5 + $0),7"] } + ["--max-tokens", "100", "--seed", "3", "--ignore-eos"]
    let (coordinator, address) = try RunningProgram.coordinator(2, work + ["--insecure"])
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address, ["--insecure"]) }
    let places = try workers.map { String(try $0.note(with: "listening at").split(separator: " ").last!) }
    try coordinator.note(with: "in 2 stages")
    let visitors = try (places + [address]).map { try Visitor($0, context) }
    for visitor in visitors { try visitor.misbehave() }
    #expect(try (coordinator.end(), workers[0].end(), workers[1].end()) == (0, 0, 0), "\(coordinator.notes)")
    #expect(coordinator.output == (try Program(["generate", "--stages", "1"] + work).output))
    withExtendedLifetime(visitors) {}
  }

  @Test("of another version are refused by that name, and the right ones are taken in")
  func otherVersion() throws {
    let context = try Context()
    let (coordinator, address) = try RunningProgram.coordinator(1, Cluster.question + ["--insecure"])
    let hello = Hello(
      name: "old", incarnation: 7, programVersion: "0.0.1", kernels: "portable", threads: 1, memory: 1 << 30, cores: 1,
      host: "elsewhere", address: "tcp://127.0.0.1:9", folder: "", configuration: [])
    let old = try Visitor(address, context)
    #expect(try old.answer(to: Message.hello(hello).encode(header: Header(number: 0))).contains("0.0.1"))
    try coordinator.note(with: "refused old: it is gpt2 0.0.1")
    var bytes = Message.hello(hello).encode(header: Header(number: 0))
    bytes[4] = 99
    let new = try Visitor(address, context)
    #expect(try new.answer(to: bytes).contains("version 99"))
    try coordinator.note(with: "refused 127.0.0.1: it speaks version 99 of the protocol")
    let worker = try RunningProgram.worker("right", of: address, ["--insecure"])
    #expect(try (coordinator.end(), worker.end()) == (0, 0), "\(coordinator.notes)")
  }

  @Test("that have joined and then talk nonsense are parted from by name")
  func nonsense() throws {
    let context = try Context()
    let (coordinator, address) = try RunningProgram.coordinator(2, Cluster.question + ["--insecure"])
    let gap = Message.heartbeat(Heartbeat(progress: 0, time: 0, pulse: 0, pulseArrival: 0))
    let slowness = Message.measurement(Measurement(points: [BlockTime(rows: 1, seconds: 1e300)]))
    let beat = Message.heartbeat(Heartbeat(progress: 0, time: 0, pulse: 0, pulseArrival: 0))
    let nonsense = [
      [1, 2, 3], gap.encode(header: Header(number: 5)), slowness.encode(header: Header(number: 2)),
      Message.credit(Credit(passes: 1)).encode(header: Header(number: 2)),
    ]
    for (number, bytes) in nonsense.enumerated() {
      let hello = Hello(
        name: "fool\(number)", incarnation: 7, programVersion: ProgramVersion.current, kernels: "portable", threads: 1,
        memory: 1 << 30, cores: 1, host: "elsewhere", address: "tcp://127.0.0.1:9", folder: "", configuration: [])
      let fool = try Visitor(address, context)
      try fool.send([Message.hello(hello).encode(header: Header(number: 0))])
      try fool.send([beat.encode(header: Header(number: 1))])
      try coordinator.note(with: "fool\(number) joined")
      try fool.send([bytes])
      try coordinator.note(with: "fool\(number) left: ")
      #expect(try fool.answer().contains("worker fool\(number) broke the protocol"))
    }
    let workers = try ["a", "b"].map { try RunningProgram.worker($0, of: address, ["--insecure"]) }
    #expect(try coordinator.end() == 0, "\(coordinator.notes)")
    #expect(coordinator.output == Cluster.answer)
    for worker in workers { #expect(try worker.end() == 0) }
  }
}

import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("A roster") struct RosterTests {
  static let second = Duration.seconds(1)
  static let shape = [UInt8](repeating: 7, count: 32)

  static func hello(
    _ name: String = "attic", version: String = "0.2", folder: String = "", configuration: [UInt8] = [],
    weights: String = ""
  ) -> Message {
    .hello(
      Hello(
        name: name, incarnation: 1, programVersion: version, kernels: "avx2", threads: 2, memory: 1 << 30, cores: 4,
        host: "b2e8", address: "tcp://10.0.0.2:7071", folder: folder, configuration: configuration,
        weights: weights))
  }

  /// The header of a message of the plan that the rosters here are at.
  static func header(_ number: UInt64) -> Header { Header(epoch: Epoch(coordinator: 4, plan: 1), number: number) }

  private static let terms = LinkTerms(secret: Array(repeating: 3, count: 32))
  static let measurement = Message.measurement(Measurement(points: [BlockTime(rows: 1, seconds: 0.001)]))
  static let bytes = Ready(bytesRead: 1, bytesReceived: 2, bytesCached: 3, nanoseconds: 4)

  /// One message of each kind.
  static func example(_ kind: Message.Kind) -> Message {
    switch kind {
    case .hello: hello()
    case .measurement: measurement
    case .wanted: .wanted(Wanted(tensor: 1, offset: 0, pieces: 1))
    case .ready: .ready(bytes)
    case .heartbeat: .heartbeat(Heartbeat(progress: 5, time: 9, pulse: 0, pulseArrival: 0))
    case .failure: .failure(Failure(reason: "no memory"))
    case .welcome: .welcome(Welcome(configuration: [1], weights: "auto", blockWeights: "f32", measures: true))
    case .refusal: .refusal(Refusal(reason: "no"))
    case .assignment:
      .assignment(
        Assignment(
          layers: 0..<1, sharesFiles: true, tensors: [],
          stage: StageAssignment(
            index: 0, count: 1, slotCount: 1, rowLimit: 1, credits: 1, next: "inproc://a", incoming: terms,
            outgoing: terms, patience: 1)))
    case .piece: .piece(Piece(tensor: 0, offset: 0, bytes: [1]))
    case .pulse: .pulse(Pulse(time: 1))
    case .goodbye: .goodbye(Goodbye(reason: "maintenance"))
    case .open: .open(Open(stage: 0, secret: terms.secret))
    case .credit: .credit(Credit(passes: 1))
    case .pass: .pass(Pass(microBatch: MicroBatch(), width: 1, records: []))
    case .beat: .beat(Beat())
    }
  }

  enum Standing: CaseIterable { case welcomed, measured, assigned, ready, spare }

  /// A roster whose member `[1]` stands there; `[2]` serves stage 1 beside those that have blocks.
  static func roster(_ standing: Standing, measures: Bool = true) -> Roster {
    var roster = Roster(expected: 2, measures: measures, configuration: shape, programVersion: "0.2", incarnation: 4)
    for id in [[1], [2]] as [Roster.ID] {
      _ = roster.receive(hello("worker-\(id[0])"), Self.header(0), from: id, now: 0)
      _ = roster.report(id)
      guard measures, id == [2] || standing != .welcomed else { continue }
      _ = roster.receive(measurement, Self.header(1), from: id, now: 0)
    }
    switch standing {
    case .welcomed, .measured: break
    case .assigned: roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0)
    case .spare: roster.assign([([2], 0..<1)], now: 0)
    case .ready:
      roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0)
      _ = roster.receive(.ready(bytes), Self.header(roster[[1]]!.received), from: [1], now: 0)
    }
    return roster
  }

  @Test("takes every message where it is due, and nowhere else", arguments: Message.Kind.allCases, Standing.allCases)
  func table(kind: Message.Kind, standing: Standing) throws {
    var roster = Self.roster(standing)
    let member = try #require(roster[[1]])
    let stage = member.stage
    #expect(stage == (standing == .assigned || standing == .ready ? 0 : nil))
    let message = Self.example(kind)
    let number = kind == .hello ? 0 : member.received
    let header = Header(epoch: roster.epoch, number: number)
    let events = roster.receive(message, header, from: [1], now: 5)
    switch (kind, standing) {
    case (.heartbeat, _):
      #expect(events == [])
      #expect(roster[[1]]?.progress == 5 && roster[[1]]?.lastHeard == 5)
    case (.measurement, .welcomed):
      #expect(events == [.measured([1])])
      #expect(roster[[1]]?.standing == .measured && roster.isComplete)
    case (.wanted, .assigned): #expect(events == [.wanted([1], Wanted(tensor: 1, offset: 0, pieces: 1))])
    case (.ready, .assigned):
      // The other one is not ready yet.
      #expect(events == [])
      #expect(roster[[1]]?.standing == .ready(stage: 0) && roster[[1]]?.ready == Self.bytes)
      #expect(roster.receive(.ready(Self.bytes), Self.header(2), from: [2], now: 5) == [.ready])
    case (.failure, _): #expect(events == [.failed(name: "worker-1", stage: stage, reason: "no memory")])
    case (.goodbye, _):
      // It asks to go, and serves on.
      #expect(events == [.leaving([1])])
      #expect(roster[[1]]?.isLeaving == true && roster[[1]]?.stage == stage)
    case (.hello, _):
      #expect(events == [.broken(name: "worker-1", stage: stage, reason: "it said another hello")])
    default: #expect(events == [.broken(name: "worker-1", stage: stage, reason: "\(kind) was not due")])
    }
    let stays =
      events == [] || events == [.measured([1])] || kind == .goodbye || kind == .wanted && standing == .assigned
    #expect((roster[[1]] != nil) == stays)
    #expect(roster[[2]] != nil)
  }

  @Test("takes no measurement that it has not asked for, and none without points")
  func measurements() {
    var roster = Self.roster(.welcomed, measures: false)
    #expect(roster.isComplete)
    let unasked = roster.receive(Self.measurement, Self.header(1), from: [1], now: 0)
    #expect(unasked == [.broken(name: "worker-1", stage: nil, reason: "measurement was not due")])
    #expect(!roster.isComplete)

    roster = Self.roster(.welcomed)
    let empty = roster.receive(.measurement(Measurement(points: [])), Self.header(1), from: [1], now: 0)
    #expect(empty == [.broken(name: "worker-1", stage: nil, reason: "measurement was not due")])
  }

  @Test("knows nobody by a message that is no hello", arguments: Message.Kind.allCases.filter { $0 != .hello })
  func strangers(kind: Message.Kind) {
    var roster = Self.roster(.assigned)
    let events = roster.receive(Self.example(kind), Self.header(0), from: [9], now: 0)
    #expect(events == [.stranger([9], reason: "sent \(kind) and is not of this cluster")])
    #expect(roster.members.count == 2)
  }

  @Test("notices messages that are missing or come twice", arguments: [0, 1, 3, 4, .max] as [UInt64])
  func gaps(number: UInt64) {
    var roster = Self.roster(.measured)
    let events = roster.receive(Self.example(.heartbeat), Self.header(number), from: [1], now: 0)
    let reason = "message 2 is missing, \(number) came"
    #expect(events == [.broken(name: "worker-1", stage: nil, reason: reason)])
    #expect(roster[[1]] == nil)
  }

  @Test("lets a hello be said again until it is answered, and only the same one")
  func repetition() {
    var roster = Roster(expected: 1, measures: true, configuration: Self.shape, programVersion: "0.2", incarnation: 4)
    #expect(roster.receive(Self.hello(), Self.header(0), from: [1], now: 0) == [.welcome([1])])
    for time in [1, 2, 3] as [Instant] {
      #expect(roster.receive(Self.hello(), Self.header(0), from: [1], now: time) == [])
      #expect(roster[[1]]?.lastHeard == time)
    }
    #expect(!roster.isComplete && roster.joined.isEmpty)
    #expect(roster.receive(Self.measurement, Self.header(1), from: [1], now: 4) == [.joined([1]), .measured([1])])
    #expect(roster.isComplete && roster.members.count == 1)
    let events = roster.receive(Self.hello(folder: "/other"), Self.header(0), from: [1], now: 5)
    #expect(events == [.broken(name: "attic", stage: nil, reason: "it said another hello")])
  }

  @Test("refuses other versions and other shapes, and says why")
  func refusals() throws {
    func refusal(of message: Message, by roster: Roster) throws -> String {
      var roster = roster
      let count = roster.members.count
      let events = roster.receive(message, Self.header(0), from: [9], now: 0)
      #expect(roster.members.count == count)
      guard events.count == 1, case .refused([9], "attic", let reason) = events[0] else {
        Issue.record("\(events)")
        return ""
      }
      return reason
    }
    let open = Self.roster(.measured)
    #expect(
      try refusal(of: Self.hello(version: "0.9"), by: open)
        == "it is gpt2 0.9, the coordinator 0.2; run the same gpt2 on every host")
    let other = Self.hello(folder: "/models/xl", configuration: Array(0..<32))
    #expect(try refusal(of: other, by: open).contains("/models/xl is of another shape"))
    var strange = Self.hello()
    if case .hello(var hello) = strange {
      hello.address = "ipc:///tmp/socket"
      strange = .hello(hello)
    }
    #expect(try refusal(of: strange, by: open).contains("it announced ipc:///tmp/socket, which cannot"))

    var full = Roster(expected: 1, measures: true, configuration: Self.shape, programVersion: "0.2", incarnation: 4)
    for index in 0..<Roster.memberLimit {
      let id = [UInt8(index / 256 + 1), UInt8(index % 256)]
      #expect(full.receive(Self.hello(), Self.header(0), from: id, now: 0) == [.welcome(id)])
      _ = full.report(id)
    }
    #expect(try refusal(of: Self.hello(), by: full) == "there are 1024 workers already")
    #expect(Set(full.members.map(\.name)).count == 1024)

    var same = open
    let welcome = same.receive(Self.hello(configuration: Self.shape), Self.header(0), from: [9], now: 0)
    #expect(welcome == [.welcome([9])])
  }

  @Test("tells workers of one name apart by a number, and gives a name again that is free")
  func names() {
    var roster = Roster(expected: 9, measures: true, configuration: Self.shape, programVersion: "0.2", incarnation: 4)
    for (index, name) in ["attic", "attic", "attic-2", "attic", "cellar"].enumerated() {
      _ = roster.receive(Self.hello(name), Self.header(0), from: [UInt8(index)], now: 0)
      _ = roster.report([UInt8(index)])
    }
    #expect(roster.members.map(\.name) == ["attic", "attic-2", "attic-2-2", "attic-3", "cellar"])
    _ = roster.disconnected([0])
    _ = roster.receive(Self.hello(), Self.header(0), from: [8], now: 0)
    #expect(roster.members.map(\.name) == ["attic-2", "attic-2-2", "attic-3", "cellar", "attic"])
  }

  @Test("is complete for as long as all expected workers have measured and have no blocks")
  func completeness() {
    var roster = Self.roster(.welcomed)
    #expect(!roster.isComplete)
    _ = roster.receive(Self.measurement, Self.header(1), from: [1], now: 0)
    #expect(roster.isComplete)
    var left = roster
    #expect(left.receive(.goodbye(Goodbye(reason: "")), Self.header(2), from: [2], now: 0) == [.leaving([2])])
    #expect(!left.isComplete && left.candidates.map(\.id) == [[1]])
    roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0)
    #expect(!roster.isComplete)
  }

  @Test("loses who is silent for too long, sooner while work waits for it, and later when it is granted more")
  func silence() {
    // Who measures or loads may be at something long, also while work waits.
    let cases: [(Standing, urgent: UInt64)] = [
      (.welcomed, 10_000), (.measured, 1400), (.assigned, 10_000), (.spare, 1400), (.ready, 1400),
    ]
    for (standing, urgent) in cases {
      for (isUrgent, patience) in [(false, 10_000), (true, urgent)] {
        for grace in [0, 2600] as [UInt64] {
          var roster = Self.roster(standing)
          let limit = Instant(nanoseconds: (patience + grace) * 1_000_000)
          // The other one is heard of all the time.
          let number = roster[[2]]!.received
          _ = roster.receive(Self.example(.heartbeat), Self.header(number), from: [2], now: limit)
          #expect(roster.tick(now: limit, grace: .milliseconds(grace), isUrgent: isUrgent) == [])
          let events = roster.tick(now: limit + .milliseconds(100), grace: .milliseconds(grace), isUrgent: isUrgent)
          let seconds = "\((patience + grace + 100) / 1000).\((patience + grace + 100) % 1000 / 100) s"
          #expect(
            events == [
              .lost(
                name: "worker-1", stage: standing == .assigned || standing == .ready ? 0 : nil,
                reason: "nothing heard of it at tcp://10.0.0.2:7071 for \(seconds)")
            ])
          #expect(roster.members.map(\.name) == ["worker-2"])
        }
      }
    }
    // A clock that has not come as far as the last message is no silence.
    var early = Self.roster(.ready)
    _ = early.receive(Self.example(.heartbeat), Self.header(3), from: [1], now: .seconds(20))
    #expect(early.tick(now: .seconds(1)) == [])
  }

  @Test("numbers what is sent to each worker from 0")
  func numbering() {
    var roster = Self.roster(.assigned)
    for number in 0..<3 as Range<UInt64> {
      #expect(roster.header(for: [1]) == Self.header(number))
    }
    #expect(roster.header(for: [2]).number == 0)
    // The epoch is nobody else's to know.
    #expect(roster.header(for: [9]) == Header(number: 0))
  }

  @Test("keeps stages in the order of the plan, whoever joined first")
  func stages() {
    var roster = Self.roster(.measured)
    roster.assign([([2], 0..<1), ([1], 1..<2)], now: 0)
    #expect(roster.stages.map(\.name) == ["worker-2", "worker-1"])
    var spare = Self.roster(.measured)
    spare.assign([([2], 0..<1)], now: 0)
    #expect(spare.stages.map(\.name) == ["worker-2"] && spare[[1]]?.standing == .spare)
    #expect(spare.receive(.ready(Self.bytes), Self.header(2), from: [2], now: 0) == [.ready])
  }

  @Test("knows a worker's clock by the quickest exchange", arguments: [3 << 40, 0, -7_000_000] as [Int64])
  func clocks(offset: Int64) {
    var roster = Self.roster(.ready)
    // Sent, arrived, answered and come back, on the coordinator's clock; the worker's is ahead by the offset.
    let exchanges: [(sent: UInt64, out: UInt64, held: UInt64, back: UInt64)] = [
      (10_000_000, 900, 500_000, 100), (20_000_000, 40, 90_000, 40), (30_000_000, 5000, 0, 0),
    ]
    var number: UInt64 = 3
    for (sent, out, held, back) in exchanges {
      let arrival = UInt64(Int64(sent + out) + offset)
      let beat = Heartbeat(progress: 1, time: arrival + held, pulse: sent, pulseArrival: arrival)
      let events = roster.receive(
        .heartbeat(beat), Self.header(number), from: [1], now: Instant(nanoseconds: sent + out + held + back))
      #expect(events == [])
      number += 1
    }
    #expect(roster[[1]]?.clockOffset == offset && roster[[1]]?.quickestExchange == .nanoseconds(80))
    // What cannot be is left out: an answer before its question, or held for longer than it took.
    for beat in [
      Heartbeat(progress: 1, time: 50, pulse: 1 << 61, pulseArrival: 50),
      Heartbeat(progress: 1, time: 1 << 62, pulse: 40_000_000, pulseArrival: 1),
    ] {
      _ = roster.receive(.heartbeat(beat), Self.header(number), from: [1], now: 40_000_010)
      number += 1
    }
    #expect(roster[[1]]?.clockOffset == offset && roster[[1]]?.quickestExchange == .nanoseconds(80))
  }

  @Test("takes bytes that are no message for a breach of whoever is known")
  func unreadable() {
    var roster = Self.roster(.ready)
    #expect(roster.receiveUnreadable(from: [9], reason: "sent 3 bytes") == [])
    #expect(
      roster.receiveUnreadable(from: [1], reason: "sent 3 bytes")
        == [.broken(name: "worker-1", stage: 0, reason: "sent 3 bytes")])
    #expect(roster[[1]] == nil)
  }
}

import MicroBatching
import Testing
import ZeroMQ

@testable import Pipeline

/// A sender and a receiver over sockets.
@Suite("A link of passes", .timeLimit(.minutes(1)))
struct PassLinkTests {
  static let addresses = ["inproc://receiver", "tcp://127.0.0.1:0"]
  private static let epoch: UInt64 = 5
  private static let width = 3
  fileprivate static let terms = LinkTerms(secret: Array(0..<32))

  /// What the receiving side saw.
  private enum Seen: Equatable {
    case stranger
    case opened
    case pass(sequence: UInt64, attempt: UInt32, Pass, payload: [UInt8])
  }

  /// Both ends, driven by hand on one thread.
  private final class Pair {
    let context: Context
    let router: Socket
    let address: String
    var receiver: PassReceiver

    init(_ address: String, credits: Int = 4, stage: Int = 0, epoch: UInt64 = PassLinkTests.epoch) throws {
      context = try Context()
      router = try Socket(.router, context, options: .inbox(.none))
      self.address = try router.bind(address)
      receiver = PassReceiver(
        epoch: epoch, from: stage, credits: credits, terms: PassLinkTests.terms, patience: .milliseconds(400))
    }

    func sender(
      _ name: String = "sender", stage: Int = 0, epoch: UInt64 = PassLinkTests.epoch, at place: String? = nil,
      terms: LinkTerms = PassLinkTests.terms
    ) throws -> PassSender {
      try PassSender(
        to: place ?? address, stage: stage, epoch: epoch, terms: terms, patience: .milliseconds(400), context: context,
        security: .none, name: name)
    }

    /// A socket that says what it likes.
    func dealer(_ name: String = "dealer") throws -> Socket {
      let dealer = try Socket(.dealer, context, options: .dialing(.none, name: name))
      try dealer.connect(address)
      return dealer
    }

    /// Takes the next message; blocks until there is one.
    func receive(answers: Bool = true) throws -> Seen {
      while true {
        _ = try Poll.wait([.socket(router)], timeout: .seconds(20))
        guard case .frames(let frames) = try router.receive(atMost: 3) else { continue }
        let (header, message) = try Message.decode(frames[1].bytes)
        switch try receiver.receive(frames, header, message) {
        case .stranger, .nothing: return .stranger
        case .opened(let answer):
          if answers { try answer.send(on: router) }
          return .opened
        case .pass(let header, let pass, let payload, let answer):
          if answers { try answer?.send(on: router) }
          return .pass(sequence: header.sequence, attempt: header.attempt, pass, payload: payload.bytes)
        }
      }
    }

    /// Waits until the sender has heard of more credit.
    func wait(for sender: PassSender) throws {
      #expect(try Poll.wait([.socket(sender.socket)], timeout: .seconds(20)) == [true])
      try sender.update()
    }
  }

  private static func pass(rows: Int) -> Pass {
    Pass(
      microBatch: MicroBatch([Segment(slot: 1, start: 0, count: rows)], releasing: [2]), width: width,
      records: [StageRecord(received: 1, computed: 2, waited: 3, sent: 4)])
  }

  private static func payload(_ rows: Int, _ sequence: UInt64) -> [UInt8] {
    (0..<(rows * width * 4)).map { UInt8(truncatingIfNeeded: $0 + Int(sequence)) }
  }

  @Test("brings passes whole, in order, and as many as there is credit for", arguments: addresses, [1, 2, 5, 16])
  func flow(address: String, credits: Int) throws {
    let pair = try Pair(address, credits: credits)
    let sender = try pair.sender()
    #expect(!sender.isOpen && !sender.canSend)
    #expect(try pair.receive() == .opened)
    try pair.wait(for: sender)
    #expect(sender.isOpen)

    var (sent, received): (UInt64, UInt64) = (0, 0)
    while received < 100 {
      // As many as may be.
      var burst = 0
      while sender.canSend {
        let rows = Int(sent % 7) + 1
        #expect(
          try sender.send(
            Self.pass(rows: rows), sequence: sent, attempt: UInt32(sent % 3), payload: Frame(Self.payload(rows, sent))))
        sent += 1
        burst += 1
      }
      #expect(burst >= 1 && burst <= credits)
      #expect(sent - received <= credits)
      while received < sent {
        let rows = Int(received % 7) + 1
        #expect(
          try pair.receive()
            == .pass(
              sequence: received, attempt: UInt32(received % 3), Self.pass(rows: rows),
              payload: Self.payload(rows, received)))
        received += 1
      }
      try pair.wait(for: sender)
    }
  }

  @Test("may be dialled before anybody listens", arguments: [0, 1])
  func early(index: Int) throws {
    let context = try Context()
    // A port that was free a moment ago: the socket goes, and with it its context, which waits until it is closed.
    let address = index == 0 ? "inproc://late" : try Socket(.router, Context()).bind("tcp://127.0.0.1:0")
    let sender = try PassSender(
      to: address, stage: -1, epoch: 1, terms: Self.terms, patience: .seconds(1), context: context, security: .none,
      name: "early")
    let router = try Socket(.router, context, options: .inbox(.none))
    _ = try router.bind(address)
    var receiver = PassReceiver(epoch: 1, from: -1, credits: 2, terms: Self.terms, patience: .seconds(1))
    _ = try Poll.wait([.socket(router)], timeout: .seconds(20))
    guard case .frames(let frames) = try router.receive(atMost: 3) else {
      Issue.record("nothing came")
      return
    }
    let (header, message) = try Message.decode(frames[1].bytes)
    guard case .opened(let answer) = try receiver.receive(frames, header, message) else {
      Issue.record("not opened")
      return
    }
    try answer.send(on: router)
    _ = try Poll.wait([.socket(sender.socket)], timeout: .seconds(20))
    try sender.update()
    #expect(sender.canSend)
  }

  @Test("is with one sender, who knows its secret, of the right stage and epoch", arguments: addresses)
  func strangers(address: String) throws {
    let pair = try Pair(address, stage: 1)
    _ = try pair.sender("other stage", stage: 0)
    #expect(try pair.receive() == .stranger)
    _ = try pair.sender("other epoch", stage: 1, epoch: 4)
    #expect(try pair.receive() == .stranger)

    _ = try pair.sender("no secret", stage: 1, terms: LinkTerms(secret: Array(1..<33)))
    #expect(try pair.receive() == .stranger)

    let dealer = try pair.dealer()
    let pass = Message.pass(Self.pass(rows: 1))
    _ = try dealer.send([
      Frame(pass.encode(header: Header(epoch: Self.epoch, number: 1))), Frame(Self.payload(1, 0)),
    ])
    #expect(try pair.receive() == .stranger)
    _ = try dealer.send([Frame(Message.credit(Credit(passes: 1)).encode(header: Header(epoch: 5, number: 2)))])
    #expect(try pair.receive() == .stranger)

    let sender = try pair.sender(stage: 1)
    #expect(try pair.receive() == .opened)
    try pair.wait(for: sender)
    let late = try pair.sender("late", stage: 1, terms: LinkTerms(secret: Array(1..<33)))
    #expect(try pair.receive() == .stranger)
    _ = try dealer.send([
      Frame(pass.encode(header: Header(epoch: Self.epoch, number: 1))), Frame(Self.payload(1, 0)),
    ])
    #expect(try pair.receive() == .stranger)

    #expect(try sender.send(Self.pass(rows: 2), sequence: 9, attempt: 0, payload: Frame(Self.payload(2, 9))))
    #expect(
      try pair.receive() == .pass(sequence: 9, attempt: 0, Self.pass(rows: 2), payload: Self.payload(2, 9)))
    withExtendedLifetime(late) {}
  }

  enum Breach: CaseIterable {
    case gap, duplicate, stale, noPayload, shortPayload, longPayload

    var error: any Error {
      switch self {
      case .gap: LinkError.gap(expected: 1, found: 2)
      case .duplicate: LinkError.duplicate(number: 0, expected: 1)
      case .stale: LinkError.staleEpoch(.pass, found: 4, expected: 5)
      case .noPayload: WireError.wrongFrameCount(found: 2, expected: 3)
      case .shortPayload: WireError.wrongPayload(bytes: 23, rows: 2, width: 3)
      case .longPayload: WireError.wrongPayload(bytes: 25, rows: 2, width: 3)
      }
    }
  }

  @Test("ends by name when its own sender breaks the rules", arguments: Breach.allCases)
  func breaches(breach: Breach) throws {
    let pair = try Pair("inproc://receiver", credits: 1)
    let dealer = try pair.dealer()
    _ = try dealer.send([
      Frame(
        Message.open(Open(stage: 0, secret: Self.terms.secret)).encode(header: Header(epoch: Self.epoch, number: 0)))
    ])
    #expect(try pair.receive() == .opened)
    func send(number: UInt64 = 1, epoch: UInt64 = Self.epoch, sequence: UInt64 = 7, bytes: Int? = 24) throws {
      let header = Header(epoch: epoch, number: number, sequence: sequence)
      let payload = bytes.map { [Frame(Array(repeating: 1, count: $0))] } ?? []
      _ = try dealer.send([Frame(Message.pass(Self.pass(rows: 2)).encode(header: header))] + payload)
    }
    switch breach {
    case .gap: try send(number: 2)
    case .duplicate: try send(number: 0)
    case .stale: try send(epoch: 4)
    case .noPayload: try send(bytes: nil)
    case .shortPayload: try send(bytes: 23)
    case .longPayload: try send(bytes: 25)
    }
    let error = #expect(throws: (any Error).self) { try pair.receive() }
    #expect(error.map { "\($0)" } == "\(breach.error)")
  }

  @Test("breaks on the sending side when the receiver grants what it cannot", arguments: [0, 1, 2])
  func badCredit(index: Int) throws {
    let pair = try Pair("inproc://receiver")
    let sender = try pair.sender()
    #expect(try pair.receive(answers: false) == .opened)
    func answer(_ bytes: [UInt8]) throws { _ = try pair.router.send([Frame(Array("sender".utf8)), Frame(bytes)]) }
    switch index {
    case 0: try answer([1, 2, 3])
    case 1: try answer(Message.credit(Credit(passes: 1)).encode(header: Header(epoch: Self.epoch, number: 3)))
    default:
      try answer(
        Message.open(Open(stage: 0, secret: Self.terms.secret)).encode(header: Header(epoch: Self.epoch, number: 0)))
    }
    _ = try Poll.wait([.socket(sender.socket)], timeout: .seconds(20))
    let error = #expect(throws: (any Error).self) { try sender.update() }
    let expected: [any Error] = [
      WireError.notOurs(magic: [1, 2, 3]), LinkError.gap(expected: 0, found: 3),
      LinkError.unexpected(.open, from: .receiver),
    ]
    #expect(error.map { "\($0)" } == "\(expected[index])")
    #expect(!sender.canSend)
  }

  @Test("does not mind that its sender is gone when credit is due")
  func gone() throws {
    let pair = try Pair("tcp://127.0.0.1:0")
    var sender: PassSender? = try pair.sender()
    _ = try Poll.wait([.socket(pair.router)], timeout: .seconds(20))
    guard case .frames(let frames) = try pair.router.receive(atMost: 3) else {
      Issue.record("nothing came")
      return
    }
    let (header, message) = try Message.decode(frames[1].bytes)
    guard case .opened(let answer) = try pair.receiver.receive(frames, header, message) else {
      Issue.record("not opened")
      return
    }
    let monitor = try pair.router.monitor()
    sender = nil
    // Until the router has seen it go.
    while !monitor.sawDisconnection { _ = try Poll.wait([.monitor(monitor)], timeout: .seconds(20)) }
    try answer.send(on: pair.router)
    withExtendedLifetime(sender) {}
  }
}

extension Monitor {
  fileprivate var sawDisconnection: Bool {
    while let event = try? next() {
      if case .disconnected = event.kind { return true }
    }
    return false
  }
}

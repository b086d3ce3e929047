import MicroBatching
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Pipeline

/// A sender and a receiver, with the time passed in and nothing between them.
@Suite("A link of passes") struct PassLinkTests {
  private static let epoch = Epoch(coordinator: 5, plan: 2)
  private static let terms = LinkTerms(secret: Array(0..<32))
  private static let patience = Duration.milliseconds(400)
  private static let peer = Peer(Array("sender".utf8), Caller(connection: ConnectionNumber(1)))

  private static func pass(rows: Int) -> Pass {
    Pass(microBatch: MicroBatch([Segment(slot: 1, start: 0, count: rows)], releasing: [2]), width: 3, records: [])
  }

  /// Both ends, and the time.
  private struct Pair {
    var now = Instant(nanoseconds: 1_000_000_000)
    var sender: PassSender
    var receiver: PassReceiver

    init(credits: Int = 4, stage: Int = 0) {
      sender = PassSender(stage: stage, epoch: epoch, terms: terms, patience: patience, now: now)
      receiver = PassReceiver(epoch: epoch, from: stage, credits: credits, terms: terms, patience: patience)
    }

    /// The receiver takes a message; its answer comes back if there is one.
    @discardableResult
    mutating func carry(
      _ header: Header, _ message: Message, payload: Int? = nil, from peer: Peer = peer
    ) throws -> PassReceiver.Arrival {
      let arrival = try receiver.receive(header, message, payload: payload, from: peer, now: now)
      switch arrival {
      case .opened(let answer), .pass(let answer?): try sender.receive(answer.header, answer.message, now: now)
      default: break
      }
      return arrival
    }

    mutating func open() throws {
      let (header, message) = sender.ask(now: now)
      try carry(header, message)
    }

    mutating func sendPass(_ sequence: UInt64, rows: Int = 2) throws -> PassReceiver.Arrival {
      try carry(sender.header(sequence: sequence), .pass(pass(rows: rows)), payload: rows * 12)
    }
  }

  @Test("carries as many passes as there is credit for, for ever", arguments: [1, 2, 5, 16])
  func flow(credits: Int) throws {
    var pair = Pair(credits: credits)
    #expect(!pair.sender.isOpen && !pair.sender.canSend)
    try pair.open()
    #expect(pair.sender.isOpen)
    for sequence in 0..<100 as Range<UInt64> {
      #expect(pair.sender.canSend)
      guard case .pass = try pair.sendPass(sequence) else {
        Issue.record("not taken")
        return
      }
    }
    #expect(pair.sender.passCount == 100)
  }

  @Test("is with one sender, who knows its secret, of the right stage and epoch")
  func strangers() throws {
    var pair = Pair(stage: 1)
    func isStranger(_ arrival: PassReceiver.Arrival) -> Bool {
      switch arrival {
      case .stranger, .nothing, .fenced: true
      case .opened, .pass: false
      }
    }
    func open(stage: Int = 1, epoch: Epoch = Self.epoch, secret: [UInt8] = Self.terms.secret) -> (Header, Message) {
      (Header(epoch: epoch, number: 0), .open(Open(stage: stage, secret: secret)))
    }
    let other = Peer(Array("other".utf8))
    for (header, message) in [
      open(stage: 0), open(epoch: Self.epoch.next), open(secret: Array(1..<33)),
      (Header(epoch: Self.epoch, number: 1), .beat(Beat())),
      (Header(epoch: Self.epoch, number: 1), .credit(Credit(passes: 1))),
    ] { #expect(isStranger(try pair.carry(header, message, from: other))) }
    #expect(isStranger(try pair.carry(Header(epoch: Self.epoch, number: 1), .pass(Self.pass(rows: 1)), payload: 12)))
    try pair.open()
    #expect(pair.receiver.isSender(Self.peer.id))
    #expect(isStranger(try pair.carry(open(secret: Array(1..<33)).0, open(secret: Array(1..<33)).1, from: other)))
    #expect(
      isStranger(
        try pair.carry(Header(epoch: Self.epoch, number: 1), .pass(Self.pass(rows: 1)), payload: 12, from: other)))
    guard case .pass = try pair.sendPass(9) else {
      Issue.record("the sender was shut out")
      return
    }
  }

  @Test("is with the key that the plan names, where members have keys of their own")
  func keys() throws {
    let (own, other) = (try CurveKeyPair.make().publicKey, try CurveKeyPair.make().publicKey)
    let terms = LinkTerms(secret: Array(0..<32), peerKey: own.bytes)
    var receiver = PassReceiver(epoch: Self.epoch, from: 0, credits: 1, terms: terms, patience: Self.patience)
    func open(_ key: CurveKey?) throws -> PassReceiver.Arrival {
      try receiver.receive(
        Header(epoch: Self.epoch, number: 0), .open(Open(stage: 0, secret: terms.secret)), payload: nil,
        from: Peer([1], Caller(key: key)), now: Instant(nanoseconds: 0))
    }
    for key in [nil, other] {
      guard case .stranger = try open(key) else {
        Issue.record("somebody else was let in")
        return
      }
    }
    guard case .opened = try open(own) else {
      Issue.record("the sender was shut out")
      return
    }
  }

  enum Breach: CaseIterable {
    case gap, duplicate, otherEpoch, noPayload, shortPayload, longPayload, unexpected

    var error: any Error {
      switch self {
      case .gap: LinkError.gap(expected: 1, found: 2)
      case .duplicate: LinkError.duplicate(number: 0, expected: 1)
      case .otherEpoch: LinkError.otherEpoch(.pass, found: epoch.next, expected: epoch)
      case .noPayload: WireError.wrongFrameCount(found: 2, expected: 3)
      case .shortPayload: WireError.wrongPayload(bytes: 23, rows: 2, width: 3)
      case .longPayload: WireError.wrongPayload(bytes: 25, rows: 2, width: 3)
      case .unexpected: LinkError.unexpected(.pulse, from: .sender)
      }
    }
  }

  @Test("ends by name when its own sender breaks the rules", arguments: Breach.allCases)
  func breaches(breach: Breach) throws {
    var pair = Pair(credits: 1)
    try pair.open()
    func send(_ number: UInt64 = 1, epoch: Epoch = Self.epoch, bytes: Int? = 24) throws {
      try pair.carry(Header(epoch: epoch, number: number, sequence: 7), .pass(Self.pass(rows: 2)), payload: bytes)
    }
    let error = #expect(throws: (any Error).self) {
      switch breach {
      case .gap: try send(2)
      case .duplicate: try send(0)
      case .otherEpoch: try send(epoch: Self.epoch.next)
      case .noPayload: try send(bytes: nil)
      case .shortPayload: try send(bytes: 23)
      case .longPayload: try send(bytes: 25)
      case .unexpected: try pair.carry(Header(epoch: Self.epoch, number: 1), .pulse(Pulse(time: 1)))
      }
    }
    #expect(error.map { "\($0)" } == "\(breach.error)")
  }

  @Test("breaks on the sending side when the receiver says what it cannot")
  func badAnswers() throws {
    for (header, message, expected) in [
      (Header(epoch: Self.epoch, number: 3), .credit(Credit(passes: 1)), .gap(expected: 0, found: 3)),
      (
        Header(epoch: Self.epoch, number: 0), .open(Open(stage: 0, secret: Self.terms.secret)),
        .unexpected(.open, from: .receiver)
      ),
      (
        Header(epoch: Self.epoch.next, number: 0), .credit(Credit(passes: 1)),
        .otherEpoch(.credit, found: Self.epoch.next, expected: Self.epoch)
      ),
    ] as [(Header, Message, LinkError)] {
      var pair = Pair()
      #expect(throws: expected) { try pair.sender.receive(header, message, now: pair.now) }
      #expect(!pair.sender.canSend)
    }
  }

  @Test("hears for as long as both live, with nothing to do, and notices whose silence it is")
  func silence() throws {
    var pair = Pair()
    try pair.open()
    for _ in 0..<20 {
      pair.now += .milliseconds(200)
      if let (header, message) = pair.sender.beat() { try pair.carry(header, message) }
      if let answer = pair.receiver.beat() { try pair.sender.receive(answer.header, answer.message, now: pair.now) }
      #expect(pair.sender.silence(now: pair.now) == nil && pair.receiver.silence(now: pair.now) == nil)
    }
    // The sender says nothing any more.
    for _ in 0..<2 {
      pair.now += .milliseconds(200)
      if let answer = pair.receiver.beat() { try pair.sender.receive(answer.header, answer.message, now: pair.now) }
      #expect(pair.receiver.silence(now: pair.now) == nil)
    }
    pair.now += .milliseconds(200)
    if let answer = pair.receiver.beat() { try pair.sender.receive(answer.header, answer.message, now: pair.now) }
    #expect(pair.receiver.silence(now: pair.now) == .milliseconds(600))
    #expect(pair.sender.silence(now: pair.now) == nil)
    // Nor does the receiver.
    for _ in 0..<3 {
      pair.now += .milliseconds(200)
      _ = pair.sender.silence(now: pair.now)
    }
    #expect(pair.sender.silence(now: pair.now) == .milliseconds(600))
  }

  @Test("asks until it is answered, and dials again under another name when it was turned away or cut off before")
  func opening() throws {
    var pair = Pair()
    _ = pair.sender.ask(now: pair.now)
    #expect(pair.sender.step(now: pair.now + .milliseconds(400)) == nil)
    pair.now += .milliseconds(600)
    guard case .send(let header, .open)? = pair.sender.step(now: pair.now) else {
      Issue.record("not asked again")
      return
    }
    #expect(header.number == 0)
    for attempt in 1...2 {
      if attempt == 1 { pair.sender.handshakeFailed() } else { try pair.sender.disconnected() }
      #expect(pair.sender.step(now: pair.now) == nil)
      pair.now += .milliseconds(600)
      #expect(pair.sender.step(now: pair.now) == .dialAgain(attempt: attempt))
      _ = pair.sender.ask(now: pair.now)
    }
    try pair.open()
    pair.now += .seconds(1)
    #expect(pair.sender.isOpen && pair.sender.step(now: pair.now) == nil)
  }

  @Test("is dialled again when nothing is answered over a connection, and lost when nobody is reached then")
  func unanswered() {
    var pair = Pair()
    pair.sender.connected()
    _ = pair.sender.ask(now: pair.now)
    var attempts: [Duration] = []
    let start = pair.now
    for _ in 0..<65 {
      pair.now += .milliseconds(100)
      if case .dialAgain = pair.sender.step(now: pair.now) {
        attempts.append(pair.now - start)
        _ = pair.sender.ask(now: pair.now)
      }
      #expect(!pair.sender.isUnreached(now: pair.now))
    }
    #expect(attempts.count == 1 && attempts[0] > .seconds(5) && attempts[0] < .milliseconds(5600))
    pair.now += .seconds(1)
    #expect(pair.sender.isUnreached(now: pair.now))
  }

  @Test("is cut at once when its connection ends, and not by the end of another")
  func cut() throws {
    var pair = Pair()
    try pair.open()
    _ = try pair.sendPass(0)
    try pair.receiver.disconnected(ConnectionNumber(2))
    #expect(throws: LinkError.cut) { try pair.receiver.disconnected(ConnectionNumber(1)) }
    #expect(throws: LinkError.cut) { try pair.sender.disconnected() }
  }

  @Test("is opened again over another connection while nothing has passed, and never after")
  func again() throws {
    var pair = Pair()
    try pair.open()
    // The receiver still holds the first connection when the second comes.
    let second = Peer(Array("sender.1".utf8), Caller(connection: ConnectionNumber(2)))
    pair.sender = PassSender(stage: 0, epoch: Self.epoch, terms: Self.terms, patience: Self.patience, now: pair.now)
    var (header, message) = pair.sender.ask(now: pair.now)
    try pair.carry(header, message, from: second)
    #expect(pair.sender.isOpen && pair.receiver.isSender(second.id))
    try pair.carry(pair.sender.header(sequence: 0), .pass(Self.pass(rows: 1)), payload: 12, from: second)
    pair.sender = PassSender(stage: 0, epoch: Self.epoch, terms: Self.terms, patience: Self.patience, now: pair.now)
    (header, message) = pair.sender.ask(now: pair.now)
    let third = Peer(Array("sender.2".utf8))
    #expect(throws: LinkError.reopened) { try pair.carry(header, message, from: third) }
  }

  @Test("forgives a halt of its own")
  func halt() {
    func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
    var hearing = Hearing(now: at(0))
    #expect(hearing.silence(now: at(300)) == .milliseconds(300))
    // Nobody listened for ten seconds.
    #expect(hearing.silence(now: at(10_600)) == .milliseconds(600))
    hearing.heard(now: at(10_700))
    #expect(hearing.silence(now: at(10_900)) == .milliseconds(200))
  }
}

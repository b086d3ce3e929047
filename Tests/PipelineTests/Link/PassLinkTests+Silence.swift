import MicroBatching
import Platform
import Testing
import ZeroMQ

@testable import Pipeline

/// Both ends of a link of passes, and what they notice when the other is gone.
@Suite("The ends of a link of passes", .timeLimit(.minutes(1)))
struct PassLinkSilenceTests {
  private static let terms = LinkTerms(secret: Array(0..<32))
  private static let patience = Duration.milliseconds(500)

  private final class Pair {
    let context: Context
    let router: Socket
    let monitor: Monitor
    let address: String
    var receiver = PassReceiver(epoch: 1, from: 0, credits: 4, terms: terms, patience: patience)
    let sender: PassSender

    init() throws {
      context = try Context()
      router = try Socket(.router, context, options: .inbox(.none))
      monitor = try router.monitor()
      address = try router.bind("tcp://127.0.0.1:0")
      sender = try PassSender(
        to: address, stage: 0, epoch: 1, terms: terms, patience: patience, context: context, security: .none,
        name: "sender")
      try open()
    }

    /// Lets the receiver take what comes until the link is open.
    func open() throws {
      while !sender.isOpen {
        _ = try Poll.wait([.socket(router), .socket(sender.socket)], timeout: .milliseconds(100))
        try take()
        try sender.update()
        try sender.listen(now: Instant.now.nanoseconds)
      }
    }

    @discardableResult
    func take() throws -> Int {
      var passes = 0
      while case .frames(let frames) = try router.receive(atMost: 3) {
        let (header, message) = try Message.decode(frames[1].bytes)
        switch try receiver.receive(frames, header, message) {
        case .opened(let answer): try answer.send(on: router)
        case .pass(_, _, _, let answer):
          passes += 1
          try answer?.send(on: router)
        case .nothing, .stranger: break
        }
      }
      return passes
    }

    func pass() throws {
      let pass = Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: 1, records: [])
      #expect(try sender.send(pass, sequence: 0, attempt: 0, payload: Frame([0, 0, 0, 0])))
      while try take() == 0 { _ = try Poll.wait([.socket(router)], timeout: .seconds(20)) }
    }

    /// Both say that they live, and look, for so long.
    func run(_ time: Duration, sends: Bool = true, answers: Bool = true) throws {
      let end = Instant.now + time
      while Instant.now < end {
        if sends { try sender.beat() }
        if answers { try receiver.beat()?.send(on: router) }
        _ = try Poll.wait([.socket(router), .socket(sender.socket)], timeout: .milliseconds(10))
        try take()
        try sender.update()
        try receiver.listen(now: Instant.now.nanoseconds)
        try sender.listen(now: Instant.now.nanoseconds)
      }
    }
  }

  @Test("hear each other for as long as both live, with nothing to do")
  func idle() throws {
    try Pair().run(Self.patience * 3)
  }

  @Test("notice that the other is silent, each by itself", arguments: [true, false])
  func silent(sends: Bool) throws {
    let pair = try Pair()
    let error = #expect(throws: LinkError.self) {
      try pair.run(Self.patience * 20, sends: sends, answers: !sends)
    }
    guard case .silent(let time)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(time > Self.patience)
  }

  @Test("notice at once that the connection has ended", arguments: [true, false])
  func cut(atReceiver: Bool) throws {
    let pair = try Pair()
    try pair.pass()
    var connections: [Int32] = []
    while let event = try pair.monitor.next() {
      if case .accepted = event.kind { connections.append(try #require(event.connection)) }
    }
    try #require(connections.count == 1)
    Connection(connections[0]).end()
    #expect(throws: LinkError.cut) {
      while true {
        _ = try Poll.wait([.monitor(pair.monitor)], timeout: .milliseconds(10))
        if atReceiver {
          while let event = try pair.monitor.next() {
            if case .disconnected = event.kind, let ended = event.connection { try pair.receiver.disconnected(ended) }
          }
        } else {
          try pair.sender.listen(now: Instant.now.nanoseconds)
        }
      }
    }
  }

  @Test("open their link again over another connection while nothing has passed, and never after")
  func again() throws {
    let pair = try Pair()
    // The receiver still holds the first connection when the second comes.
    let second = try PassSender(
      to: pair.address, stage: 0, epoch: 1, terms: Self.terms, patience: Self.patience, context: pair.context,
      security: .none, name: "sender.1")
    while !second.isOpen {
      _ = try Poll.wait([.socket(pair.router), .socket(second.socket)], timeout: .milliseconds(100))
      try pair.take()
      try second.update()
    }
    let pass = Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 1)]), width: 1, records: [])
    #expect(try second.send(pass, sequence: 0, attempt: 0, payload: Frame([0, 0, 0, 0])))
    while try pair.take() == 0 { _ = try Poll.wait([.socket(pair.router)], timeout: .seconds(20)) }
    let third = try PassSender(
      to: pair.address, stage: 0, epoch: 1, terms: Self.terms, patience: Self.patience, context: pair.context,
      security: .none, name: "sender.2")
    #expect(throws: LinkError.reopened) {
      while true {
        _ = try Poll.wait([.socket(pair.router)], timeout: .milliseconds(100))
        try pair.take()
      }
    }
    withExtendedLifetime(third) {}
  }

  @Test("forgive a halt of their own")
  func halt() {
    var hearing = Hearing(now: 0)
    #expect(hearing.silence(now: 300_000_000) == .milliseconds(300))
    // Nobody listened for ten seconds.
    #expect(hearing.silence(now: 10_600_000_000) == .milliseconds(600))
    hearing.heard(now: 10_700_000_000)
    #expect(hearing.silence(now: 10_900_000_000) == .milliseconds(200))
  }
}

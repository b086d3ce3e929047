internal import Pipeline
internal import Platform

/// A worker's side of the link to its coordinator: hello until welcome, numbers, heartbeats. State only, with the time passed
/// in.
struct ControlLink {
  enum Phase: Equatable {
    /// Hello is said again and again: the coordinator may not be there yet.
    case introducing(Introduction)
    case welcome
    /// Nothing is left to be said.
    case left
  }

  struct Introduction: Equatable {
    /// When hello was said last.
    var said: Instant?
    /// Since when there is a connection over which messages can go.
    var connected: Instant?
    /// Whether the last handshake failed: libzmq does not try again by itself where a key was refused.
    var hasFailed = false
    /// Why, for people.
    var failure: String?
  }

  private(set) var phase = Phase.introducing(Introduction())
  /// New with every connection before it is welcome: the coordinator may still hold the one before.
  private(set) var incarnation: UInt64
  private let hello: Hello
  /// Counts blocks run and tensors loaded.
  var progress: UInt64 = 0
  private var number: UInt64 = 0
  /// Messages of the coordinator that have come since it let this worker in.
  private var received: UInt64 = 0
  private var lastBeat: Instant
  private var hearing: Hearing
  private var pulse: (time: UInt64, arrival: Instant)

  static let beatInterval = Duration.milliseconds(200)
  private static let helloInterval = Duration.milliseconds(500)
  /// How long a connection may stand on which nothing is answered, before another is tried.
  private static let answerPatience = Duration.seconds(10)

  /// - Parameter hello: but for the incarnation.
  init(_ hello: Hello, incarnation: UInt64, now: Instant) {
    (self.hello, self.incarnation) = (hello, incarnation)
    (lastBeat, hearing, pulse) = (now, Hearing(now: now), (0, now))
  }

  /// Name and incarnation; the beginning of the routing ids of the worker's sockets.
  var routingName: String { "\(hello.name.prefix(64))#\(String(incarnation, radix: 36))" }

  var isWelcome: Bool { phase == .welcome }
  /// When the next heartbeat is due.
  var nextBeat: Instant { lastBeat + Self.beatInterval }

  /// How long nothing was heard.
  mutating func silence(now: Instant) -> Duration { hearing.silence(now: now) }

  /// For how long the coordinator has been heard without a pause: one that was stopped has not lost its links.
  func steadiness(now: Instant) -> Duration { hearing.steadiness(now: now) }

  /// What is to be done to be let in: to dial under this new name, first, and then to say hello; nothing when neither is due.
  mutating func introduce(random: () -> UInt64, now: Instant) -> (dialAgain: String?, Header, Message)? {
    guard case .introducing(var introduction) = phase,
      introduction.said.map({ now - $0 > Self.helloInterval }) ?? true
    else { return nil }
    var name: String?
    if introduction.hasFailed || introduction.connected.map({ now - $0 > Self.answerPatience }) ?? false {
      incarnation = random()
      introduction = Introduction(failure: introduction.failure)
      name = routingName
    }
    introduction.said = now
    phase = .introducing(introduction)
    var hello = hello
    hello.incarnation = incarnation
    // It counts from 0 each time.
    number = 1
    return (name, Header(number: 0), .hello(hello))
  }

  mutating func connected(now: Instant) {
    if case .introducing(var introduction) = phase {
      introduction.connected = now
      phase = .introducing(introduction)
    }
  }

  /// - Returns: whether this way of failing is news.
  mutating func handshakeFailed(_ reason: String) -> Bool {
    guard case .introducing(var introduction) = phase else { return false }
    defer { phase = .introducing(introduction) }
    introduction.hasFailed = true
    guard introduction.failure != reason else { return false }
    introduction.failure = reason
    return true
  }

  /// The connection has ended.
  ///
  /// - Returns: whether the coordinator is lost: the worker that it let in is gone for it.
  mutating func disconnected() -> Bool {
    switch phase {
    case .introducing(var introduction):
      if introduction.connected != nil { introduction.hasFailed = true }
      phase = .introducing(introduction)
      return false
    case .welcome: return true
    case .left: return false
    }
  }

  /// Something of the coordinator has come.
  mutating func heard(_ message: Message, now: Instant) {
    hearing.heard(now: now)
    if case .introducing(var introduction) = phase {
      (introduction.connected, introduction.failure) = (nil, nil)
      phase = .introducing(introduction)
    }
    if case .pulse(let beat) = message { pulse = (beat.time, now) }
  }

  /// Counts a message of the coordinator.
  ///
  /// - Returns: whether it is the one that is due, and none was lost or came twice.
  mutating func counts(_ header: Header, _ message: Message) -> Bool {
    switch (phase, message) {
    // Who is no member is told things that are not counted.
    case (.left, _), (_, .refusal), (_, .goodbye): return true
    // The first one is the welcome.
    case (.introducing, _): received = 0
    case (.welcome, _): break
    }
    guard header.number == received else { return false }
    received &+= 1
    return true
  }

  mutating func welcome() { phase = .welcome }
  mutating func leave() { phase = .left }

  /// The header of the next message.
  mutating func header(_ epoch: Epoch) -> Header {
    defer { number += 1 }
    return Header(epoch: epoch, number: number)
  }

  /// A heartbeat.
  ///
  /// - Parameters:
  ///   - taken: micro-batches of the epoch that the stage has taken.
  ///   - passed: those that it has handed on.
  mutating func beat(taken: UInt64, passed: UInt64, now: Instant) -> Message {
    lastBeat = now
    return .heartbeat(
      Heartbeat(
        progress: progress, time: now.nanoseconds, pulse: pulse.time,
        pulseArrival: pulse.time == 0 ? 0 : pulse.arrival.nanoseconds, taken: taken, passed: passed))
  }
}

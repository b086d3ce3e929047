internal import Pipeline
internal import Platform
internal import ZeroMQ

/// A worker's link to its coordinator: hello until welcome, messages both ways, heartbeats.
final class ControlLink {
  /// New with every connection before it is welcome: the coordinator may still hold the one before.
  private(set) var incarnation = UInt64.random(in: 1...UInt64.max)
  /// Counts blocks run and tensors loaded.
  var progress: UInt64 = 0
  private(set) var isWelcome = false
  /// Whether the connection has ended over which it was welcome: the worker that it was is gone for its coordinator.
  private(set) var isLost = false
  /// Why handshakes fail, when the last one did.
  private(set) var handshakeFailure: String?
  private let options: WorkerOptions
  private let context: Context
  private var socket: Socket
  private var monitor: Monitor?
  /// Where the coordinator's messages come from.
  private var connection: Int32?
  /// Whether the last handshake failed: libzmq does not try again by itself where a key was refused.
  private var hasFailed = false
  /// Since when there is a connection over which messages can go.
  private var connected: Instant?
  private var number: UInt64 = 0
  private var hello: Hello?
  private var lastDialed: Instant?
  private var lastBeat = Instant.now
  private var hearing = Hearing(now: Instant.now.nanoseconds)
  private var pulse: (time: UInt64, arrival: UInt64) = (0, 0)

  private static let beatInterval = Duration.milliseconds(200)
  /// How long a connection may stand on which nothing is answered, before another is tried.
  private static let answerPatience = Duration.seconds(10)

  init(_ options: WorkerOptions, _ context: Context) throws(ZeroMQError) {
    (self.options, self.context) = (options, context)
    (socket, monitor) = try Self.connect(options, context, incarnation)
  }

  private static func connect(
    _ options: WorkerOptions, _ context: Context, _ incarnation: UInt64
  ) throws(ZeroMQError) -> (Socket, Monitor?) {
    let address = options.coordinator
    let socket = try Socket(
      .dealer, context,
      options: .dialing(
        options.credentials.dialingCoordinator(at: address), name: routingName(options, incarnation)))
    let monitor = address.hasPrefix("inproc:") ? nil : try socket.monitor()
    try socket.connect(address)
    return (socket, monitor)
  }

  /// Name and incarnation; the beginning of the routing ids of the worker's sockets.
  var routingName: String { Self.routingName(options, incarnation) }

  private static func routingName(_ options: WorkerOptions, _ incarnation: UInt64) -> String {
    "\(options.name.prefix(64))#\(String(incarnation, radix: 36))"
  }

  /// The coordinator's address as this machine reached it, numeric, so that nobody need be asked for a name again.
  var coordinatorAddress: String {
    connection.flatMap { Connection($0).peer }.map { "\($0)" } ?? options.coordinator
  }

  var pollItems: [PollItem] { [.socket(socket)] + (monitor.map { [.monitor($0)] } ?? []) }
  /// How long nothing was heard.
  var silence: Duration { hearing.silence(now: Instant.now.nanoseconds) }
  /// For how long the coordinator has been heard without a pause: one that was stopped has not lost its links.
  var steadiness: Duration { hearing.steadiness(now: Instant.now.nanoseconds) }
  var timeToBeat: Duration { max(.zero, Self.beatInterval - (.now - lastBeat)) }
  /// Whether a heartbeat is due.
  var isBeatDue: Bool { .now - lastBeat >= Self.beatInterval }

  func introduce(_ hello: Hello) {
    self.hello = hello
    try? dial()
  }

  /// Says hello, again and again until there is an answer: the coordinator may not be there yet.
  func dial() throws(ZeroMQError) {
    guard !isWelcome, let hello, lastDialed.map({ .now - $0 > .milliseconds(500) }) ?? true else { return }
    if hasFailed || connected.map({ .now - $0 > Self.answerPatience }) ?? false {
      // A name that cannot be looked up just now may be in a moment.
      do { try connectAgain() } catch ZeroMQError.unknownHost {}
    }
    lastDialed = .now
    number = 0
    var current = hello
    current.incarnation = incarnation
    send(.hello(current))
  }

  private func connectAgain() throws(ZeroMQError) {
    incarnation = .random(in: 1...UInt64.max)
    try socket.setLinger(.zero)
    (socket, monitor) = try Self.connect(options, context, incarnation)
    (connected, lastDialed, hasFailed) = (nil, nil, false)
  }

  /// The coordinator has taken the worker in.
  func welcome() {
    isWelcome = true
    // From here on there may be something to say before it ends.
    try? socket.setLinger(.seconds(1))
  }

  /// Nothing is left to be said to the coordinator: it is gone, or is not concerned any more.
  func leave() {
    isWelcome = false
    try? socket.setLinger(.zero)
  }

  /// Sends what may get lost with the link: a lost link is a lost worker.
  func send(_ message: Message, epoch: UInt64 = 0) {
    if (try? socket.send([Frame(message.encode(header: Header(epoch: epoch, number: number)))])) == .sent {
      number += 1
    }
  }

  /// Tells the coordinator why this worker ends.
  func fail(_ failure: Failure, epoch: UInt64) {
    if isWelcome { send(.failure(failure), epoch: epoch) }
  }

  /// The next message, if there is one.
  func receive() throws -> (Header, Message)? {
    let frames: [Frame]
    switch try socket.receive(atMost: 1) {
    case .nothing: return nil
    case .tooMany: throw WireError.wrongFrameCount(found: 2, expected: 1)
    case .frames(let received): frames = received
    }
    let (header, message) = try frames[0].withUnsafeBytes { try Message.decode($0) }
    hearing.heard(now: Instant.now.nanoseconds)
    connection = frames[0].connection
    connected = nil
    handshakeFailure = nil
    if case .pulse(let beat) = message { pulse = (beat.time, Instant.now.nanoseconds) }
    return (header, message)
  }

  func watch(_ report: (String) -> Void) throws {
    while let event = try monitor?.next() {
      switch event.kind {
      case .handshakeFailed(let reason):
        hasFailed = true
        guard handshakeFailure != "\(reason)" else { break }
        handshakeFailure = "\(reason)"
        report("\(reason)")
      case .handshakeSucceeded: connected = .now
      case .disconnected:
        if isWelcome { isLost = true } else if connected != nil { hasFailed = true }
      default: break
      }
    }
  }

  /// Sends a heartbeat.
  ///
  /// - Parameters:
  ///   - taken: micro-batches of the epoch that the stage has taken.
  ///   - passed: those that it has handed on.
  func beat(epoch: UInt64, taken: UInt64, passed: UInt64) {
    lastBeat = .now
    guard isWelcome else { return }
    send(
      .heartbeat(
        Heartbeat(
          progress: progress, time: Instant.now.nanoseconds, pulse: pulse.time, pulseArrival: pulse.arrival,
          taken: taken,
          passed: passed)),
      epoch: epoch)
  }
}

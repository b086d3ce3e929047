internal import Pipeline
internal import ZeroMQ

/// A worker's link to its coordinator: hello until welcome, messages both ways, heartbeats.
final class ControlLink {
  let incarnation = UInt64.random(in: 1...UInt64.max)
  /// Name and incarnation; the beginning of the routing ids of the worker's sockets.
  let routingName: String
  /// Counts blocks run and tensors loaded.
  var progress: UInt64 = 0
  private(set) var isWelcome = false
  /// Whether the connection has ended over which it was welcome: the worker that it was is gone for its coordinator.
  private(set) var isLost = false
  /// Why handshakes fail, when the last one did.
  private(set) var handshakeFailure: String?
  private let socket: Socket
  private let monitor: Monitor?
  private var number: UInt64 = 0
  private var hello: Hello?
  private var lastDialed: ContinuousClock.Instant?
  private var lastBeat = ContinuousClock.now
  private var lastHeard = ContinuousClock.now
  private var lastListened = ContinuousClock.now
  private var pulse: (time: UInt64, arrival: UInt64) = (0, 0)

  private static let beatInterval = Duration.milliseconds(200)

  init(_ options: WorkerOptions, _ context: Context) throws(ZeroMQError) {
    routingName = "\(options.name.prefix(64))#\(String(incarnation, radix: 36))"
    socket = try Socket(.dealer, context, options: .dialing(options.coordinator, key: options.key, name: routingName))
    monitor = options.coordinator.hasPrefix("inproc:") ? nil : try socket.monitor()
    try socket.connect(options.coordinator)
  }

  var pollItems: [PollItem] { [.socket(socket)] + (monitor.map { [.monitor($0)] } ?? []) }
  /// How long nothing was heard, by the time in which this worker listened: not while it was held up, say with all of its
  /// machine.
  var silence: Duration {
    let now = ContinuousClock.now
    let halt = now - lastListened - .seconds(1)
    lastListened = now
    if halt > .zero { lastHeard = min(now, lastHeard + halt) }
    return now - lastHeard
  }
  var timeToBeat: Duration { max(.zero, Self.beatInterval - (.now - lastBeat)) }

  func introduce(_ hello: Hello) {
    self.hello = hello
    dial()
  }

  /// Says hello, again and again until there is an answer: the coordinator may not be there yet.
  func dial() {
    guard !isWelcome, let hello, lastDialed.map({ .now - $0 > .milliseconds(500) }) ?? true else { return }
    lastDialed = .now
    number = 0
    send(.hello(hello))
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
  func fail(_ reason: String, epoch: UInt64) {
    if isWelcome { send(.failure(Failure(reason: String(reason.prefix(1000)))), epoch: epoch) }
  }

  /// The next message, if there is one.
  func receive() throws -> (Header, Message)? {
    guard case .frames(let frames) = try socket.receive(atMost: 1) else { return nil }
    let (header, message) = try frames[0].withUnsafeBytes { try Message.decode($0) }
    lastHeard = .now
    handshakeFailure = nil
    if case .pulse(let beat) = message { pulse = (beat.time, MonotonicTime.now) }
    return (header, message)
  }

  func watch(_ report: (String) -> Void) throws {
    while let event = try monitor?.next() {
      if case .handshakeFailed(let reason) = event.kind, handshakeFailure != "\(reason)" {
        handshakeFailure = "\(reason)"
        report("\(reason)")
      }
      if case .disconnected = event.kind, isWelcome { isLost = true }
    }
  }

  /// Sends a heartbeat when it is time for one.
  func beat(epoch: UInt64) {
    guard .now - lastBeat >= Self.beatInterval else { return }
    lastBeat = .now
    guard isWelcome else { return }
    send(
      .heartbeat(
        Heartbeat(progress: progress, time: MonotonicTime.now, pulse: pulse.time, pulseArrival: pulse.arrival)),
      epoch: epoch)
  }
}

internal import Platform
public import ZeroMQ

/// The sending end of a link that passes travel on: a DEALER socket that dials one receiver.
///
/// Belongs to one thread.
public final class PassSender {
  public let address: String
  public private(set) var socket: Socket
  private let context: Context
  private let security: Security
  private let name: String
  private let open: Open
  private let patience: Duration
  private var monitor: Monitor?
  private var link: OutgoingLink
  private var credits: IncomingLink
  /// Connections dialled before this one.
  private var attempt = 0
  private var hearing = Hearing(now: Instant.now.nanoseconds)
  /// Over which the receiver answers; nil within a process.
  private var connection: Connection?
  private var lastOpened = Instant.now
  /// Whether the connection was lost, or refused, before the link was open.
  private var hasFailed = false
  /// Whether something was sent since the last beat.
  private var hasSpoken = true

  private static let openInterval = Duration.milliseconds(500)

  /// Passes that were handed to libzmq.
  public private(set) var passCount = 0

  /// Dials `address` and asks for credit.
  ///
  /// - Parameters:
  ///   - stage: the index of the sending stage; −1 is the coordinator.
  ///   - patience: how long the receiver may be silent.
  ///   - security: how the receiver is dialled.
  ///   - name: by which the receiver tells its peers apart, and of nobody else.
  public init(
    to address: String, stage: Int, epoch: UInt64, terms: LinkTerms, patience: Duration, context: Context,
    security: Security, name: String
  ) throws(ZeroMQError) {
    (self.address, self.context, self.security, self.name) = (address, context, security, name)
    self.patience = patience
    open = Open(stage: stage, secret: terms.secret)
    link = OutgoingLink(epoch: epoch)
    credits = IncomingLink(from: .receiver, epoch: epoch)
    (socket, monitor) = try Self.dial(address, context, security, name)
    try ask()
  }

  private static func dial(
    _ address: String, _ context: Context, _ security: Security, _ name: String
  ) throws(ZeroMQError) -> (Socket, Monitor?) {
    let socket = try Socket(.dealer, context, options: .dialing(security, name: name))
    let monitor = address.hasPrefix("inproc:") ? nil : try socket.monitor()
    try socket.connect(address)
    return (socket, monitor)
  }

  /// Whether the receiver has answered.
  public private(set) var isOpen = false

  /// Whether a pass may be sent now.
  public var canSend: Bool { isOpen && link.canSend }

  /// Takes in the credit that has arrived.
  ///
  /// - Throws: ``ZeroMQError``, ``WireError``, ``LinkError``.
  public func update() throws {
    while true {
      let frames: [Frame]
      switch try socket.receive(atMost: 1) {
      case .nothing: return
      case .tooMany: throw WireError.wrongFrameCount(found: 2, expected: 1)
      case .frames(let received): frames = received
      }
      let (header, message) = try frames[0].withUnsafeBytes { try Message.decode($0) }
      try credits.receive(header, message.kind)
      if connection == nil { connection = frames[0].connection.map { Connection($0) } }
      hearing.heard(now: Instant.now.nanoseconds)
      guard case .credit(let credit) = message else { continue }
      try link.receive(credit)
      isOpen = true
    }
  }

  /// Sees whether the receiver was heard and the connection stands. To be called a few times a second, after ``update()``. Until
  /// the link is open it asks again and again, since the receiver may not have been told yet to whom it listens, and dials again,
  /// under another routing id, when a connection was lost: the receiver may still hold the one before.
  ///
  /// - Throws: ``ZeroMQError``; ``LinkError/cut`` and ``LinkError/silent(_:)`` when the link was open.
  public func listen(now: UInt64) throws {
    while let event = try monitor?.next() {
      switch event.kind {
      // The receiver may not have been told yet whom to let in, and libzmq does not try again by itself where a key was refused.
      case .handshakeFailed: hasFailed = true
      case .disconnected:
        if isOpen { throw LinkError.cut }
        hasFailed = true
      default: break
      }
    }
    guard isOpen else {
      guard .now - lastOpened > Self.openInterval else { return }
      return hasFailed ? try dialAgain() : try ask()
    }
    if let time = hearing.silence(beyond: patience, on: connection, now: now) { throw LinkError.silent(time) }
  }

  /// Says that this end lives, if nothing else was said since the last time. To be called a few times a second, by the thread that
  /// computes.
  public func beat() throws(ZeroMQError) {
    defer { hasSpoken = false }
    guard isOpen, !hasSpoken else { return }
    let header = link.header()
    let bytes = Message.beat(Beat()).encode(header: header)
    if try socket.send([Frame(bytes)]) != .sent { link.takeBack(header) }
  }

  /// Sends a pass with its activations; false when libzmq takes nothing more just now, and nothing has changed then.
  ///
  /// - Precondition: ``canSend``
  public func send(
    _ pass: Pass, sequence: UInt64, attempt: UInt32, payload: Frame
  ) throws(ZeroMQError) -> Bool {
    let header = link.header(sequence: sequence, attempt: attempt)
    if try socket.send([Frame(Message.pass(pass).encode(header: header)), payload]) == .sent {
      hasSpoken = true
      passCount += 1
      return true
    }
    link.takeBack(header)
    return false
  }

  private func dialAgain() throws(ZeroMQError) {
    attempt += 1
    (hasFailed, connection) = (false, nil)
    // The old one goes first, and with it what it had queued.
    try socket.setLinger(.zero)
    (socket, monitor) = try Self.dial(address, context, security, "\(name).\(attempt)")
    (link, credits) = (OutgoingLink(epoch: link.epoch), IncomingLink(from: .receiver, epoch: link.epoch))
    try ask()
  }

  /// Asks for credit. The number is the same each time: asked again, it is the first message still.
  private func ask() throws(ZeroMQError) {
    lastOpened = .now
    link = OutgoingLink(epoch: link.epoch)
    _ = try socket.send([Frame(Message.open(open).encode(header: link.header()))])
  }
}

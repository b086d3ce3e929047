public import ZeroMQ

/// The sending end of a link that passes travel on: a DEALER socket that dials one receiver.
///
/// Belongs to one thread.
public final class PassSender {
  public let address: String
  public let socket: Socket
  private var link: OutgoingLink
  private var credits: IncomingLink

  /// Dials `address` and asks for credit.
  ///
  /// - Parameter stage: the index of the sending stage; −1 is the coordinator.
  public init(
    to address: String, stage: Int, epoch: UInt64, context: Context, options: Socket.Options
  ) throws(ZeroMQError) {
    self.address = address
    socket = try Socket(.dealer, context, options: options)
    link = OutgoingLink(epoch: epoch)
    credits = IncomingLink(from: .receiver, epoch: epoch)
    try socket.connect(address)
    open = Message.open(Open(stage: stage)).encode(header: link.header())
    _ = try socket.send([Frame(open)])
  }

  private let open: [UInt8]
  private var lastOpened = ContinuousClock.now
  private static let openInterval = Duration.milliseconds(500)

  /// Whether the receiver has answered.
  public private(set) var isOpen = false

  /// Whether a pass may be sent now.
  public var canSend: Bool { isOpen && link.canSend }

  /// Takes in the credit that has arrived. Until there is some, asks again and again: the receiver may not have been told yet
  /// to whom it listens.
  ///
  /// - Throws: ``ZeroMQError``, ``WireError``, ``LinkError``.
  public func update() throws {
    while case .frames(let frames) = try socket.receive(atMost: 1) {
      let (header, message) = try frames[0].withUnsafeBytes { try Message.decode($0) }
      try credits.receive(header, message.kind)
      guard case .credit(let credit) = message else { continue }
      try link.receive(credit)
      isOpen = true
    }
    if !isOpen, .now - lastOpened > Self.openInterval {
      lastOpened = .now
      _ = try socket.send([Frame(open)])
    }
  }

  /// Sends a pass with its activations; false when libzmq takes nothing more just now, and nothing has changed then.
  ///
  /// - Precondition: ``canSend``
  public func send(
    _ pass: Pass, sequence: UInt64, attempt: UInt32, payload: Frame
  ) throws(ZeroMQError) -> Bool {
    let header = link.header(sequence: sequence, attempt: attempt)
    if try socket.send([Frame(Message.pass(pass).encode(header: header)), payload]) == .sent { return true }
    link.takeBack(header)
    return false
  }
}

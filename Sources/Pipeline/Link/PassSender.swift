public import ZeroMQ

/// The sending end of a link that passes travel on: a DEALER socket that dials one receiver.
///
/// Belongs to one thread.
public final class PassSender {
  public let address: String
  private let socket: Socket
  private var link: OutgoingLink

  /// Dials `address` and asks for credit.
  ///
  /// - Parameter stage: the index of the sending stage; −1 is the coordinator.
  public init(
    to address: String, stage: Int, epoch: UInt64, context: Context, options: Socket.Options
  ) throws(ZeroMQError) {
    self.address = address
    socket = try Socket(.dealer, context, options: options)
    link = OutgoingLink(epoch: epoch)
    try socket.connect(address)
    let header = link.header()
    _ = try socket.send([Frame(Message.open(Open(stage: stage)).encode(header: header))])
  }

  /// Whether the receiver has answered.
  public private(set) var isOpen = false

  /// Whether a pass may be sent now.
  public var canSend: Bool { isOpen && link.canSend }

  public var pollItem: PollItem { socket.pollItem }

  /// Takes in the credit that has arrived.
  ///
  /// - Throws: ``ZeroMQError``, ``WireError``, ``LinkError``.
  public func update() throws {
    while case .frames(let frames) = try socket.receive(atMost: 1) {
      let (header, message) = try frames[0].withUnsafeBytes { try Message.decode($0) }
      try link.receive(message, header: header)
      isOpen = true
    }
  }

  /// Sends a pass with its activations; false when libzmq takes nothing more just now, and nothing has changed then.
  ///
  /// - Precondition: ``canSend``
  public func send(
    _ pass: Pass, sequence: UInt64, attempt: UInt32, payload: Frame
  ) throws(ZeroMQError) -> Bool {
    precondition(canSend)
    var next = link
    let header = next.passHeader(sequence: sequence, attempt: attempt)
    guard try socket.send([Frame(Message.pass(pass).encode(header: header)), payload]) == .sent else { return false }
    link = next
    return true
  }
}

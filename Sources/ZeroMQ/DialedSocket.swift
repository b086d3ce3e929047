/// A DEALER that dials one listener, and dials it again as somebody else when it is told to.
///
/// Belongs to one thread.
public final class DialedSocket {
  /// What happened to the connection.
  public enum Event: Hashable, Sendable {
    case connected
    /// - Parameter isRefusal: whether the other end said so; otherwise it may not be there.
    case handshakeFailed(reason: String, isRefusal: Bool)
    case disconnected
  }

  public let address: String
  private let context: Context
  private let options: Socket.Options
  private var socket: Socket
  private var monitor: Monitor?
  /// The last one that a message came over; nil within a process.
  private var connection: Connection?

  /// Dials.
  ///
  /// - Parameter name: the routing id, of this socket alone.
  public init(
    _ address: String, _ context: Context, _ options: Socket.Options, name: String
  ) throws(ZeroMQError) {
    (self.address, self.context, self.options) = (address, context, options)
    (socket, monitor) = try Self.dial(address, context, options, name)
  }

  /// Lets go of the connection, with what it had queued, and dials under another name.
  public func dialAgain(name: String) throws(ZeroMQError) {
    try socket.setLinger(.zero)
    connection = nil
    (socket, monitor) = try Self.dial(address, context, options, name)
  }

  private static func dial(
    _ address: String, _ context: Context, _ options: Socket.Options, _ name: String
  ) throws(ZeroMQError) -> (Socket, Monitor?) {
    var options = options
    options.routingID = Array(name.utf8.prefix(200))
    let socket = try Socket(.dealer, context, options: options)
    let monitor = address.hasPrefix("inproc:") ? nil : try socket.monitor()
    try socket.connect(address)
    return (socket, monitor)
  }

  /// To be waited on: what comes.
  public var messages: PollItem { .socket(socket) }

  /// To be waited on: what happens to the connection; nil within a process.
  public var events: PollItem? { monitor.map { .monitor($0) } }

  /// The listener's numeric address as it was reached; nil before anything came, and within a process.
  public var peer: Address? { connection?.peer }

  /// How long nothing has come over the connection, not even a part of a message; nil within a process, where nothing gets
  /// lost.
  ///
  /// - Parameter heard: how long no message has come, for where the system does not tell.
  public func silence(heard: Duration) -> Duration? { connection.map { min(heard, $0.silence ?? heard) } }

  public func setLinger(_ time: Duration) throws(ZeroMQError) { try socket.setLinger(time) }

  /// Sends a message; false when there is no room for it.
  @discardableResult
  public func send(_ frames: [Frame]) throws(ZeroMQError) -> Bool { try socket.send(frames) == .sent }

  /// The next message, of one frame as it should be.
  public func receive() throws(ZeroMQError) -> Socket.Received {
    let received = try socket.receive(atMost: 1)
    if case .frames(let frames) = received, connection == nil {
      connection = frames[0].connection.map { Connection($0) }
    }
    return received
  }

  /// The next event; nil when there is none.
  public func nextEvent() throws(ZeroMQError) -> Event? {
    while let event = try monitor?.next() {
      switch event.kind {
      case .handshakeSucceeded: return .connected
      case .handshakeFailed(let failure):
        return .handshakeFailed(reason: "\(failure)", isRefusal: failure.isRefusal)
      case .disconnected: return .disconnected
      default: break
      }
    }
    return nil
  }
}

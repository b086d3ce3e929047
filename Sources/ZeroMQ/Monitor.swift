internal import CZMQ
internal import Synchronization

/// The events of a socket's connections, in the order in which they happened.
///
/// Not Sendable, as the socket, which it keeps open. Events wait without bound until they are taken: a bound would block the
/// I/O thread, so look often.
public final class Monitor {
  let events: Socket
  private let socket: Socket

  private static let count = Atomic<UInt64>(0)

  init(_ socket: Socket) throws(ZeroMQError) {
    precondition(!socket.isMonitored, "a socket has one monitor at a time")
    // One number for each monitor of the process; contexts have each their own names.
    let address = "inproc://monitor-\(Self.count.add(1, ordering: .relaxed).newValue)"
    let kinds = ZMQ_EVENT_ALL & ~(ZMQ_EVENT_BIND_FAILED | ZMQ_EVENT_CLOSE_FAILED)
    events = try Socket(.pair, socket.context)
    self.socket = socket
    // libzmq sends events from its I/O thread and waits for room: without a bound it need not.
    try events.set(ZMQ_RCVHWM, 0)
    guard zmq_socket_monitor(socket.pointer, address, kinds) == 0 else {
      throw ZeroMQError(call: "watch a socket's connections")
    }
    socket.isMonitored = true
    try events.connect(address)
  }

  deinit {
    // Before the reading end goes: without one the I/O thread would wait for it.
    zmq_socket_monitor(socket.pointer, nil, 0)
    socket.isMonitored = false
  }

  /// The next event, or nil when there is none; never blocks.
  ///
  /// - Throws: ``ZeroMQError/terminated``.
  public func next() throws(ZeroMQError) -> MonitorEvent? {
    while case .frames(let frames) = try events.receive(atMost: 2) {
      if let event = MonitorEvent(frames) { return event }
    }
    return nil
  }
}

extension Socket {
  /// Watches this socket's connections from now on; a socket has at most one monitor at a time.
  ///
  /// - Throws: ``ZeroMQError/terminated``, or ``ZeroMQError/system(call:code:)`` when descriptors are short.
  public func monitor() throws(ZeroMQError) -> Monitor { try Monitor(self) }
}

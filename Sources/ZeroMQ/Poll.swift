internal import CZMQ

/// Something to wait for.
public enum PollItem {
  /// Until a message can be received.
  case socket(Socket)
  /// Until there is an event.
  case monitor(Monitor)
  /// Until somebody called ``Wakeup/wake()``.
  case wakeup(Wakeup)
}

/// Waiting for several things at once.
public enum Poll {
  /// Blocks until at least one of `items` is ready, or until `timeout` (nil: never) has passed, and says which are.
  ///
  /// Signals do not end it. It counts in milliseconds and rounds up; `.zero` does not block.
  ///
  /// - Throws: ``ZeroMQError/terminated`` when the context of a socket among them is shut down.
  public static func wait(_ items: [PollItem], timeout: Duration?) throws(ZeroMQError) -> [Bool] {
    var entries = items.map(\.entry)
    let end = timeout.map { ContinuousClock.now + $0 }
    var left = timeout
    while true {
      let milliseconds = left.map { Int($0.wholeMilliseconds) } ?? -1
      // The entries hold bare pointers to what the items keep open.
      let result = withExtendedLifetime(items) { zmq_poll(&entries, Int32(entries.count), milliseconds) }
      if result != -1 { return entries.map { $0.revents != 0 } }
      let code = zmq_errno()
      guard code == EINTR else { throw ZeroMQError(call: "wait for messages", code: code) }
      left = end.map { max(.zero, $0 - ContinuousClock.now) }
    }
  }
}

extension PollItem {
  fileprivate var entry: zmq_pollitem_t {
    switch self {
    case .socket(let socket): zmq_pollitem_t(socket: socket.pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
    case .monitor(let monitor): PollItem.socket(monitor.events).entry
    case .wakeup(let wakeup): zmq_pollitem_t(socket: nil, fd: wakeup.readEnd, events: Int16(ZMQ_POLLIN), revents: 0)
    }
  }
}

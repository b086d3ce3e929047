internal import CZMQ

/// A ZeroMQ socket. Nothing it does blocks, apart from asking for a host's name; ``Poll`` waits.
///
/// Deliberately not Sendable: it is made, used and closed on one thread. It closes when it goes away.
public final class Socket {
  public enum Kind: Sendable {
    /// Talks to many peers; a message's first frame is the peer's routing id. Sending to one that is not there fails, always.
    case router
    /// Talks to one peer here.
    case dealer
    /// Talks to exactly one peer in the same process.
    case pair
  }

  public enum SendResult: Hashable, Sendable {
    /// libzmq took the message. It is lost if the connection ends before it has crossed.
    case sent
    /// The queue is full up to the high-water mark; the frames are still the caller's.
    case full
    /// A router has no such peer; the frames are still the caller's. For some milliseconds after a peer went away,
    /// messages for it are still taken, and lost.
    case unreachable
  }

  public enum Received {
    case nothing
    case frames([Frame])
    /// A message of more frames than asked for. All but the first, which on a router names the peer, are gone.
    case tooMany(first: Frame)
  }

  public let kind: Kind
  let pointer: UnsafeMutableRawPointer
  /// Readable when the socket was told something; stays so until it is used or asked for messages.
  let descriptor: Int32
  let context: Context
  let largestFrame: Int
  /// Whether a ``Monitor`` watches; a second one would take the events from the first.
  var isMonitored = false

  /// Opens a socket.
  ///
  /// - Throws: ``ZeroMQError/terminated``, or ``ZeroMQError/system(call:code:)`` when descriptors are short.
  public init(_ kind: Kind, _ context: Context, options: Options = Options()) throws(ZeroMQError) {
    guard let pointer = zmq_socket(context.pointer, kind.type) else { throw ZeroMQError(call: "open a socket") }
    self.kind = kind
    self.pointer = pointer
    self.context = context
    largestFrame = options.largestFrame
    (descriptor, _) = option(ZMQ_FD, of: pointer)
    try apply(options)
  }

  deinit {
    zmq_close(pointer)
  }

  /// Sends one message, or nothing of it; never blocks.
  ///
  /// - Precondition: at least one frame, behind a router's routing id another; none was sent before, or is larger than
  ///   `largestFrame`, at which the other side would silently drop the connection.
  /// - Throws: ``ZeroMQError/terminated``.
  public func send(_ frames: [Frame]) throws(ZeroMQError) -> SendResult {
    precondition(frames.count >= (kind == .router ? 2 : 1), "a message without a frame")
    precondition(frames.allSatisfy { !$0.isSent && $0.count <= largestFrame }, "a frame that was sent or is too large")
    Crossing.release()
    for (index, frame) in frames.enumerated() {
      let flags = ZMQ_DONTWAIT | (index < frames.count - 1 ? ZMQ_SNDMORE : 0)
      var (_, code) = retryingLibzmq { zmq_msg_send(frame.message, pointer, flags) }
      if index == 0, code == EAGAIN || code == EHOSTUNREACH {
        // For up to a millisecond libzmq does not look whether there is room again or somebody new; now it must.
        _ = option(ZMQ_EVENTS, of: pointer)
        (_, code) = retryingLibzmq { zmq_msg_send(frame.message, pointer, flags) }
      }
      switch code {
      case 0: frame.markSent()
      case EAGAIN where index == 0: return .full
      case EHOSTUNREACH where index == 0: return .unreachable
      // The peer went away between two frames, and libzmq drops the message; as if it had been lost on the way.
      case EAGAIN, EHOSTUNREACH: frame.discard()
      default: throw ZeroMQError(call: "send", code: code)
      }
    }
    return .sent
  }

  /// Takes the next message that has arrived, if it has at most `limit` frames; never blocks.
  ///
  /// A message that never ends does not arrive: libzmq gathers its frames without bound. Only keys keep out who sends one.
  ///
  /// - Throws: ``ZeroMQError/terminated``.
  public func receive(atMost limit: Int) throws(ZeroMQError) -> Received {
    precondition(limit >= 1)
    var frames: [Frame] = []
    while let frame = try receiveFrame() {
      frames.append(frame)
      if !frame.hasMore { return .frames(frames) }
      if frames.count == limit {
        while let rest = try receiveFrame(), rest.hasMore {}
        return .tooMany(first: frames[0])
      }
    }
    return .nothing
  }

  /// Whether a message can be received. libzmq takes note of what its I/O threads and other sockets told this one.
  func hasMessage() throws(ZeroMQError) -> Bool {
    let (events, code) = option(ZMQ_EVENTS, of: pointer)
    guard code == 0 else { throw ZeroMQError(call: "look for messages", code: code) }
    return events & ZMQ_POLLIN != 0
  }

  private func receiveFrame() throws(ZeroMQError) -> Frame? {
    let frame = Frame()
    let (_, code) = retryingLibzmq { zmq_msg_recv(frame.message, pointer, ZMQ_DONTWAIT) }
    switch code {
    case 0:
      Crossing.acquire()
      return frame
    case EAGAIN: return nil
    default: throw ZeroMQError(call: "receive", code: code)
    }
  }
}

extension Socket.Kind {
  var type: Int32 {
    switch self {
    case .router: ZMQ_ROUTER
    case .dealer: ZMQ_DEALER
    case .pair: ZMQ_PAIR
    }
  }
}

/// An option of a socket that is a number, and the error, 0 when there was none.
private func option(_ name: Int32, of socket: UnsafeMutableRawPointer) -> (value: Int32, code: Int32) {
  var value: Int32 = -1
  var count = MemoryLayout.size(ofValue: value)
  let (_, code) = retryingLibzmq { zmq_getsockopt(socket, name, &value, &count) }
  return (value, code)
}

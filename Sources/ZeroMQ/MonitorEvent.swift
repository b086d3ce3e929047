internal import CZMQ

/// Something that happened to a connection of a socket.
public struct MonitorEvent: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// The socket listens; `connection` is the descriptor it listens with.
    case listening
    /// A dialled connection stands; the handshake comes next.
    case connected
    /// Nobody answered at once; it is tried on.
    case connectDelayed
    /// It will be dialled again after `interval`.
    case connectRetried(after: Duration)
    /// Somebody dialled in; the handshake comes next.
    case accepted
    case acceptFailed(code: Int32)
    /// Messages can be exchanged.
    case handshakeSucceeded
    case handshakeFailed(HandshakeFailure)
    /// A connection that stood has ended.
    case disconnected
    /// A connection was closed from here, or could not be made.
    case closed
  }

  public var kind: Kind
  /// Where the socket listens, or what it dialled.
  public var address: String
  /// The descriptor of the connection where libzmq tells it: for `listening`, `connected`, `accepted`, `disconnected`
  /// and `closed`.
  /// ``Frame/connection`` names the same number. Numbers are used again.
  public var connection: Int32?

  /// What libzmq sends: the event and its value in 2 + 4 bytes of the machine's order, then the address.
  init?(_ frames: [Frame]) {
    guard frames.count == 2, frames[0].count == 6 else { return nil }
    let (number, value) = frames[0].withUnsafeBytes {
      (Int32($0.loadUnaligned(as: UInt16.self)), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
    }
    switch number {
    case ZMQ_EVENT_LISTENING: kind = .listening
    case ZMQ_EVENT_CONNECTED: kind = .connected
    case ZMQ_EVENT_CONNECT_DELAYED: kind = .connectDelayed
    case ZMQ_EVENT_CONNECT_RETRIED: kind = .connectRetried(after: .milliseconds(value))
    case ZMQ_EVENT_ACCEPTED: kind = .accepted
    case ZMQ_EVENT_ACCEPT_FAILED: kind = .acceptFailed(code: value)
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: kind = .handshakeSucceeded
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: kind = .handshakeFailed(.cut(code: value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: kind = .handshakeFailed(HandshakeFailure(protocolError: value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: kind = .handshakeFailed(.turnedAway(status: value))
    case ZMQ_EVENT_DISCONNECTED: kind = .disconnected
    case ZMQ_EVENT_CLOSED: kind = .closed
    default: return nil
    }
    switch kind {
    case .listening, .connected, .accepted, .disconnected, .closed: connection = value
    default: connection = nil
    }
    address = String(decoding: frames[1].bytes, as: UTF8.self)
  }
}

internal import CZMQ

/// Why a connection that stood did not come to exchange messages.
public enum HandshakeFailure: Hashable, Sendable {
  /// The server's authenticator does not accept this key, or (on the server) turned one away: 400 or another status.
  case turnedAway(status: Int32)
  /// One side encrypts and the other does not.
  case mechanismMismatch
  /// What came could not be decrypted: the client dials with another server's key.
  case cryptographic
  /// The connection ended in the middle; `code` is the system's error, as `ECONNRESET`, `EPIPE` or `ETIMEDOUT`. A server that
  /// does not know the client's idea of its key does this, and so does one that speaks another protocol.
  case cut(code: Int32)
  /// What came was no ZeroMQ; `code` is one of libzmq's `ZMQ_PROTOCOL_ERROR_…`.
  case foreign(code: Int32)

  /// Whether the other end said that it does not want this connection.
  var isRefusal: Bool { if case .turnedAway = self { true } else { false } }

  init(protocolError code: Int32) {
    self =
      switch code {
      case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: .mechanismMismatch
      case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: .cryptographic
      default: .foreign(code: code)
      }
  }
}

extension HandshakeFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .turnedAway: "its key is not accepted; give every member of the cluster the same --key FILE"
    case .mechanismMismatch: "one side has a key and the other has none; give both the same --key FILE"
    case .cryptographic: "the two sides have different keys; give both the same --key FILE"
    case .cut(let code):
      "the other side hung up (\(String(cString: zmq_strerror(code)))); give both sides the same --key FILE, if it is a member of the cluster at all"
    case .foreign(let code): "the other side speaks no ZeroMQ that is understood here (\(String(code, radix: 16)))"
    }
  }
}

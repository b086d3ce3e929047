internal import CZMQ

/// What libzmq knows of where a received frame came from.
///
/// The first frame of a ROUTER's message, the routing id, may lack all of this; the frames behind it have it. Nothing that
/// came over `inproc://` has any.
extension Frame {
  /// The public key of the sender in Z85, as the ``Authenticator`` let it in.
  public var userID: String? { property("User-Id") }

  /// The sender's numeric address without port, as `10.0.0.2`.
  public var peerAddress: String? { property("Peer-Address").map { Address.unmapped($0) } }

  /// The connection it came over, by the number that ``MonitorEvent/connection`` has for it. Numbers are used again.
  public var connection: Int32? {
    let number = zmq_msg_get(message, ZMQ_SRCFD)
    return number < 0 ? nil : number
  }

  private func property(_ name: String) -> String? {
    zmq_msg_gets(message, name).map { String(cString: $0) }
  }
}

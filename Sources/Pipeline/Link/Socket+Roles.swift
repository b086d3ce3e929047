public import ZeroMQ

extension Socket.Options {
  /// Of a process's one listening socket.
  public static func inbox(key: CurveKeyPair?) -> Socket.Options {
    var options = Socket.Options()
    // For what is said at the end.
    options.linger = .seconds(1)
    if let key { options.security = .server(key) }
    return options
  }

  /// Of a socket that dials a member of the cluster, which knows it by `name`.
  public static func dialing(_ address: String, key: CurveKeyPair?, name: String) -> Socket.Options {
    var options = Socket.Options()
    options.routingID = Array(name.utf8.prefix(200))
    if let key, !address.hasPrefix("inproc:") { options.security = .client(key, serverKey: key.publicKey) }
    return options
  }
}

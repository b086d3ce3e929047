internal import CZMQ

extension Socket {
  /// Listens at `address` and returns where that really is: `tcp://127.0.0.1:0` may become `tcp://127.0.0.1:17342`.
  ///
  /// The host is a name or an address of this machine, the name of an interface, or `*` for all of IPv4. A free port is looked
  /// for below 32768: above, the system gives ports to those who dial, and one that dials again and again may reach itself.
  ///
  /// - Throws: ``ZeroMQError/address(_:_:)``, ``ZeroMQError/noFreePort(host:)``, or ``ZeroMQError/system(call:code:)`` with
  ///   `EADDRINUSE`, `EADDRNOTAVAIL` or `ENODEV`.
  public func bind(_ address: String) throws(ZeroMQError) -> String {
    let parsed = try Address(address)
    let call = "listen on \(address)"
    guard case .tcp(let host, let port) = parsed else {
      guard zmq_bind(pointer, address) == 0 else { throw ZeroMQError(call: call) }
      return address
    }
    // One to list the machine's interfaces, one to listen.
    try requireDescriptors(2, for: call)
    // What is no host may be an interface, which libzmq looks for itself.
    let resolved = (try? Address.resolve(host)) ?? ResolvedHost(text: host, isIPv6: false)
    try set(ZMQ_IPV6, resolved.isIPv6 ? 1 : 0)
    guard port == 0 else {
      guard zmq_bind(pointer, "tcp://\(resolved.text):\(port)") == 0 else { throw ZeroMQError(call: call) }
      return try lastEndpoint()
    }
    for _ in 0..<1000 {
      if zmq_bind(pointer, "tcp://\(resolved.text):\(Int.random(in: 10000..<32768))") == 0 { return try lastEndpoint() }
      if zmq_errno() != EADDRINUSE { throw ZeroMQError(call: call) }
    }
    throw .noFreePort(host: host)
  }

  /// Dials `address`, now and whenever the connection is lost; nobody need be there yet.
  ///
  /// Blocks while the system looks for a host's name.
  ///
  /// - Throws: ``ZeroMQError/address(_:_:)`` or ``ZeroMQError/unknownHost(_:code:)``. That nobody answers, or refuses, is
  ///   seen by a ``Monitor`` only.
  public func connect(_ address: String) throws(ZeroMQError) {
    if case .tcp(let host, let port) = try Address(address) {
      if port == 0 { throw .address(address, .portZero) }
      let resolved = try Address.resolve(host)
      if ["*", "0.0.0.0", "[::]"].contains(resolved.text) { throw .address(address, .wildcard) }
      try set(ZMQ_IPV6, resolved.isIPv6 ? 1 : 0)
    }
    guard zmq_connect(pointer, address) == 0 else { throw ZeroMQError(call: "connect to \(address)") }
  }

  /// Stops dialling `address` and ends its connection; what was not sent yet is lost.
  ///
  /// - Throws: ``ZeroMQError/system(call:code:)`` with `ENOENT` when it was not dialled by this very text.
  public func disconnect(_ address: String) throws(ZeroMQError) {
    guard zmq_disconnect(pointer, address) == 0 else { throw ZeroMQError(call: "disconnect from \(address)") }
  }

  private func lastEndpoint() throws(ZeroMQError) -> String {
    var text = [UInt8](repeating: 0, count: 1100)
    var count = text.count
    guard zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &text, &count) == 0 else {
      throw ZeroMQError(call: "ask where a socket listens")
    }
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }
}

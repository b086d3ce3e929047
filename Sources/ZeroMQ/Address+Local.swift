internal import LibC

extension Address {
  /// The address of this machine from which it would dial `peer`, with port 0: where the peer's network can reach it.
  ///
  /// Blocks as long as the system's resolver does; nothing is sent.
  ///
  /// - Throws: ``ZeroMQError/address(_:_:)``, ``ZeroMQError/unknownHost(_:code:)``, or ``ZeroMQError/system(call:code:)`` when
  ///   there is no way to it.
  public static func local(facing peer: String) throws(ZeroMQError) -> Address {
    guard case .tcp(let host, let port) = try Address(peer) else { return .tcp(host: "127.0.0.1", port: 0) }
    var list: UnsafeMutablePointer<addrinfo>?
    let found = getaddrinfo(try resolve(host).text.trimmingBrackets, "\(max(1, port))", nil, &list)
    guard found == 0, let info = list?.pointee else { throw .unknownHost(host, code: found) }
    defer { freeaddrinfo(list) }
    #if canImport(Darwin)
      let datagram = SOCK_DGRAM
    #else
      let datagram = Int32(SOCK_DGRAM.rawValue)
    #endif
    // A datagram socket that is connected has chosen its interface, and has sent nothing.
    let descriptor = socket(info.ai_family, datagram, 0)
    guard descriptor >= 0 else { throw ZeroMQError(call: "look for the way to \(peer)", code: errno) }
    defer { close(descriptor) }
    guard connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 else {
      throw ZeroMQError(call: "look for the way to \(peer)", code: errno)
    }
    guard let own = Self.numeric({ getsockname(descriptor, $0, $1) }), case .tcp(let numeric, _) = own else {
      throw ZeroMQError(call: "look for the way to \(peer)", code: errno)
    }
    return .tcp(host: numeric, port: 0)
  }
}

extension String {
  fileprivate var trimmingBrackets: String { hasPrefix("[") ? String(dropFirst().dropLast()) : self }
}

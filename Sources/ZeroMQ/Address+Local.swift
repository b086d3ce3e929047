#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

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
    let numeric = try resolve(host).text.trimmingBrackets
    let found = getaddrinfo(numeric, "\(max(1, port))", nil, &list)
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
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var text = [CChar](repeating: 0, count: 1025)
    let code = withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        getsockname(descriptor, address, &length) == 0
          ? getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) : EAI_SYSTEM
      }
    }
    guard code == 0 else { throw .unknownHost(host, code: code) }
    return .tcp(host: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), port: 0)
  }
}

extension String {
  fileprivate var trimmingBrackets: String { hasPrefix("[") ? String(dropFirst().dropLast()) : self }
}

internal import LibC

/// What the system knows of a TCP connection that libzmq owns.
///
/// A descriptor is the connection's only as long as libzmq has not closed it, and is then used again; ``peer`` tells whether
/// it still is.
public struct Connection: Hashable, Sendable {
  public let descriptor: Int32
  /// The other side's numeric address; nil when there is none any more.
  public let peer: Address?

  public init(_ descriptor: Int32) {
    self.descriptor = descriptor
    peer = Self.peer(of: descriptor)
  }

  /// The other side's address without port.
  public var host: String? { if case .tcp(let host, _)? = peer { host } else { nil } }

  /// Whether the descriptor is still that of this connection.
  public var stands: Bool { peer != nil && Self.peer(of: descriptor) == peer }

  /// Bytes that have come over it so far, also those that libzmq has not handed out; nil where the system does not tell.
  public var bytesReceived: UInt64? { Self.info(descriptor) { $0.load(fromByteOffset: 128, as: UInt64.self) } }

  /// How long nothing has come over it, not even a part of a message; nil where the system does not tell.
  public var silence: Duration? {
    Self.info(descriptor) { .milliseconds($0.load(fromByteOffset: 52, as: UInt32.self)) }
  }

  /// Ends it, if it is still there; libzmq then notices that it has ended, and the peer is told at once.
  public func end() {
    // Between the question and the call libzmq may close it, and another connection take its number; both take microseconds.
    guard stands else { return }
    // With a reset when libzmq closes it: after an orderly end a peer that waits for room would hear nothing for two minutes.
    var reset = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private static func peer(of descriptor: Int32) -> Address? {
    Address.numeric { getpeername(descriptor, $0, $1) }
  }

  /// Asks the kernel, by the offsets of Linux's `struct tcp_info`, whose layout only ever grows at its end.
  private static func info<Value>(_ descriptor: Int32, _ read: (UnsafeRawBufferPointer) -> Value) -> Value? {
    #if os(Linux)
      return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { bytes in
        var count = socklen_t(bytes.count)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, bytes.baseAddress, &count) == 0, count >= 136 else {
          return nil
        }
        return read(UnsafeRawBufferPointer(bytes))
      }
    #else
      return nil
    #endif
  }
}

extension Address {
  /// What a call of the system, which returns 0 when it could, says of an end of a socket.
  static func numeric(_ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> Address? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        ask(address, &length) == 0 ? numeric(address, length) : nil
      }
    }
  }

  /// An IPv4 or IPv6 address and its port, as the system has it.
  static func numeric(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Address? {
    var host = [CChar](repeating: 0, count: 64)
    var port = [CChar](repeating: 0, count: 16)
    let code = getnameinfo(
      address, length, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
    guard code == 0 else { return nil }
    func text(_ characters: [CChar]) -> String {
      String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return Int(text(port)).map { .tcp(host: unmapped(text(host)), port: $0) }
  }

  /// An IPv4 address that came by a socket of both is the IPv4 address.
  static func unmapped(_ host: String) -> String {
    host.hasPrefix("::ffff:") && host.contains(".") ? String(host.dropFirst(7)) : host
  }
}

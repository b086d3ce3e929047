internal import LibC

extension Address {
  /// Whether `host`, a numeric address, is one of this machine's own: who dials in from there runs here.
  public static func isOfThisMachine(_ host: String) -> Bool {
    if Address.tcp(host: host, port: 1).isLocal { return true }
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0, let first = list else { return false }
    defer { freeifaddrs(first) }
    return sequence(first: first, next: { $0.pointee.ifa_next }).contains { entry in
      guard let address = entry.pointee.ifa_addr else { return false }
      let family = Int32(address.pointee.sa_family)
      guard family == AF_INET || family == AF_INET6 else { return false }
      let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
      guard case .tcp(let own, _)? = numeric(address, socklen_t(length)) else { return false }
      return own == host
    }
  }

  /// The host of a `tcp://` address if it is a name, which has to be looked up before it can be dialled.
  public var name: String? {
    guard case .tcp(let host, _) = self, !isWildcard, !isNumeric else { return nil }
    return host
  }
}

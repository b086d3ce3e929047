internal import LibC

extension Address {
  /// Asks the system for `host`'s numeric address, IPv4 if it has one; blocks as long as the system's resolver does.
  static func resolve(_ host: String) throws(ZeroMQError) -> ResolvedHost {
    if host == "*" { return ResolvedHost(text: "*", isIPv6: false) }
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, nil, &list)
    guard code == 0, let first = list else { throw .unknownHost(host, code: code) }
    defer { freeaddrinfo(first) }
    let all = sequence(first: first) { $0.pointee.ai_next }
    guard
      let chosen = all.first(where: { $0.pointee.ai_family == AF_INET })
        ?? sequence(first: first, next: { $0.pointee.ai_next }).first(where: { $0.pointee.ai_family == AF_INET6 })
    else { throw .unknownHost(host, code: EAI_FAMILY) }
    guard case .tcp(let numeric, _)? = numeric(chosen.pointee.ai_addr, chosen.pointee.ai_addrlen) else {
      throw .unknownHost(host, code: EAI_FAMILY)
    }
    let isIPv6 = chosen.pointee.ai_family == AF_INET6
    return ResolvedHost(text: isIPv6 ? "[\(numeric)]" : numeric, isIPv6: isIPv6)
  }
}

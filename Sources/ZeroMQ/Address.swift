internal import LibC

/// Where a socket listens or dials: `tcp://HOST:PORT` or `inproc://NAME`.
public enum Address: Hashable, Sendable {
  /// Within the process and its ``Context``.
  case inproc(String)
  /// `host` is a name, an IPv4 or (without brackets) an IPv6 address, or `*` to listen everywhere; port 0 listens on a free one.
  case tcp(host: String, port: Int)

  static let longest = 1024

  /// Reads an address.
  ///
  /// - Throws: ``ZeroMQError/address(_:_:)``.
  public init(_ text: String) throws(ZeroMQError) {
    func refuse(_ problem: AddressProblem) -> ZeroMQError { .address(text, problem) }
    guard text.utf8.count <= Self.longest else { throw .address(String(text.prefix(64)) + "…", .tooLong) }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw refuse(.strangeCharacter) }
    let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw refuse(.noTransport) }
    switch parts[0] {
    case "inproc":
      guard !parts[1].isEmpty, parts[1].utf8.count <= 255 else { throw refuse(.name) }
      self = .inproc(String(parts[1]))
    case "tcp":
      guard let colon = parts[1].lastIndex(of: ":") else { throw refuse(.noPort) }
      let digits = parts[1][parts[1].index(after: colon)...]
      var host = parts[1][..<colon]
      if host.first == "[", host.last == "]" {
        host = host.dropFirst().dropLast()
        guard Self.isIPv6(String(host)) else { throw refuse(.host) }
      } else {
        if host.contains(":") { throw refuse(.noBrackets) }
        let isName = host.allSatisfy { $0.isLetter || $0.isNumber || "-._".contains($0) }
        guard host == "*" || isName && !host.isEmpty else { throw refuse(.host) }
      }
      guard digits.allSatisfy(\.isNumber), let port = Int(digits), port <= 65535 else { throw refuse(.port) }
      self = .tcp(host: Self.canonical(String(host)), port: port)
    default:
      throw refuse(.transport(String(parts[0])))
    }
  }

  /// Whether nothing sent there leaves this machine, as can be told without asking for a name.
  public var isLocal: Bool {
    switch self {
    case .inproc: true
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.") && Self.isIPv4(host)
    }
  }

  /// Whether it stands for every interface: one can listen there, and not dial.
  public var isWildcard: Bool {
    guard case .tcp(let host, _) = self else { return false }
    return ["*", "0.0.0.0", "::"].contains(host)
  }

  /// The address as others dial it, for a person to read: `HOST` stands for a name of this machine where it listens everywhere.
  public static func dialed(_ text: String) -> String {
    guard let address = try? Address(text), address.isWildcard, case .tcp(_, let port) = address else { return text }
    return "tcp://HOST:\(port)"
  }

  /// Whether the host is an IPv4 or IPv6 address and no name.
  var isNumeric: Bool {
    guard case .tcp(let host, _) = self else { return true }
    return Self.isIPv4(host) || Self.isIPv6(host)
  }

  /// A numeric address as the system writes it, so that one address has one text; names as they are.
  private static func canonical(_ host: String) -> String {
    var bytes = in6_addr()
    guard host.contains(":"), !host.contains("%"), inet_pton(AF_INET6, host, &bytes) == 1 else { return host }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count)) != nil else { return host }
    return unmapped(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  private static func isIPv4(_ text: String) -> Bool {
    var bytes = in_addr()
    return inet_pton(AF_INET, text, &bytes) == 1
  }

  private static func isIPv6(_ text: String) -> Bool {
    var bytes = in6_addr()
    // A zone may follow: fe80::1%eth0.
    return inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &bytes) == 1
  }
}

extension Address: CustomStringConvertible {
  public var description: String {
    switch self {
    case .inproc(let name): "inproc://\(name)"
    case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
    }
  }
}

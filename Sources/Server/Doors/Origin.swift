/// Where a page comes from, as a browser says it in a request: scheme, host and port.
public struct Origin: Hashable, Sendable {
  let scheme: String
  let authority: Authority

  /// Reads `http://localhost:3000`; nil for what is no origin, `null` too.
  public init?(_ text: String) {
    guard let mark = text.firstRange(of: "://") else { return nil }
    scheme = text[..<mark.lowerBound].lowercased()
    guard let first = scheme.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first),
      var authority = Authority(String(text[mark.upperBound...]))
    else { return nil }
    authority.port = authority.port ?? Self.port(of: scheme)
    self.authority = authority
  }

  private static func port(of scheme: String) -> Int? { ["http": 80, "https": 443][scheme] }

  /// Whether pages from here are this server's own, which clients know as `authority`.
  func isOwn(_ authority: String?) -> Bool {
    guard scheme == "http", let own = authority.flatMap({ Authority($0) }) else { return false }
    return own.host == self.authority.host && (own.port ?? 80) == self.authority.port
  }
}

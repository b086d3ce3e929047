/// Where a server listens, as people write it: `127.0.0.1:8080`, `:8080`, `8080`, `localhost`, `[::1]:8080`,
/// `http://127.0.0.1:8080/`.
struct HTTPAddress: Equatable {
  var host = "127.0.0.1"
  var port = 8080

  init() {}

  init?(_ text: String) {
    var rest = Substring(text)
    if rest.lowercased().hasPrefix("http://") {
      rest = rest.dropFirst(7)
      if rest.hasSuffix("/") { rest = rest.dropLast() }
    }
    guard !rest.isEmpty else { return nil }
    if let port = Self.port(rest) {
      self.port = port
      return
    }
    if rest.hasPrefix("[") {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = String(rest[rest.index(after: rest.startIndex)..<end])
      rest = rest[rest.index(after: end)...]
      guard host.contains(":"), rest.isEmpty || rest.hasPrefix(":") else { return nil }
    } else {
      // Of ::1:8080 nobody can say where the port begins.
      guard rest.count(where: { $0 == ":" }) <= 1 else { return nil }
      let name = rest.prefix { $0 != ":" }
      // :8080 does not mean every interface here: to let others in is to be asked for by name.
      if !name.isEmpty { host = String(name) }
      rest = rest.dropFirst(name.count)
    }
    if !rest.isEmpty {
      guard let port = Self.port(rest.dropFirst()) else { return nil }
      self.port = port
    }
    guard Self.isHost(host) else { return nil }
  }

  static func port(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
    return UInt16(text).map { Int($0) }
  }

  static func isHost(_ text: String) -> Bool {
    !text.isEmpty && !text.hasPrefix("-") && text.utf8.count <= 255
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._:%".contains($0)) }
  }

  /// As it stands in a URL.
  var shownHost: String { host.contains(":") ? "[\(host)]" : host }
}

internal import NIOCore
internal import Platform

/// What a request says it is for: a host and perhaps a port.
struct Authority: Hashable, Sendable {
  var host: HostName
  var port: Int?

  /// Reads the value of a Host field; nil for what is none.
  init?(_ text: String) {
    let end = text.hasPrefix("[") ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.firstIndex(of: ":")
    guard let host = HostName(String(text[..<(end ?? text.endIndex)])) else { return nil }
    self.host = host
    let rest = text[(end ?? text.endIndex)...]
    guard !rest.isEmpty else { return }
    let digits = rest.dropFirst()
    guard rest.first == ":", digits.utf8.count <= 5, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    port = Int(digits)
  }
}

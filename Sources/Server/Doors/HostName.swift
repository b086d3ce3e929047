internal import NIOCore
internal import Platform

/// A host's name or address as a URL has it, without the differences that mean nothing: letter case, a trailing dot, the ways
/// to write an address.
public struct HostName: Hashable, Sendable {
  /// Lower case; an IPv6 address is in brackets.
  let text: String

  private static let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-._".utf8)

  /// Reads `localhost`, `127.0.0.1` or `[::1]`; nil for all else, a port too.
  public init?(_ text: String) {
    guard (1...255).contains(text.utf8.count) else { return nil }
    if text.hasPrefix("["), text.hasSuffix("]") {
      // An address with a zone is one of another machine's interface.
      guard !text.contains("%"),
        case .v6(let address)? = try? SocketAddress(ipAddress: String(text.dropFirst().dropLast()), port: 0)
      else { return nil }
      let client = ClientAddress(.v6(address))
      self.text = client.mapped ?? SocketAddress.v6(address).ipAddress.map { "[\($0)]" } ?? text
      return
    }
    var name = text.utf8.allSatisfy { $0 < 128 } ? text.lowercased() : ""
    if name.hasSuffix(".") { name.removeLast() }
    guard !name.isEmpty, name.utf8.allSatisfy(Self.letters.contains) else { return nil }
    self.text = name
  }

  /// Whether it can only be this machine, whatever a name server says.
  var isLoopback: Bool {
    if text == "localhost" || text == "[::1]" { return true }
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }
}

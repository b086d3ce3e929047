internal import NIOCore
internal import Platform

/// The names that a server goes by.
///
/// Without them, a page of another site whose name is made to point here reaches this server with a visitor's browser as if it
/// were its own (DNS rebinding).
struct HostNames: Sendable {
  /// Nil takes any.
  private let names: Set<HostName>?

  /// - Parameter isLoopback: whether the server listens for this machine alone.
  init(_ names: [HostName], isLoopback: Bool) { self.names = isLoopback || !names.isEmpty ? Set(names) : nil }

  /// Whether a request for `authority` is for this server; those of HTTP/1.0 may leave it out.
  func contain(_ authority: String?) -> Bool {
    guard let names, let authority else { return true }
    guard let host = Authority(authority)?.host else { return false }
    return host.isLoopback || names.contains(host)
  }
}

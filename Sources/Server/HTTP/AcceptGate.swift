internal import HummingbirdCore
internal import LibC
internal import NIOCore

/// Lets a listener wait while there are more connections than may be.
struct AcceptGate: AvailableConnectionsDelegate {
  let connections: Connections

  func connectionOpened() {}
  func connectionClosed() {}
  func isAcceptingNewConnections() -> Bool { connections.hasRoom }
}

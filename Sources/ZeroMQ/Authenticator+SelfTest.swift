internal import Synchronization

extension Authenticator {
  /// Proves over a real connection that `member`, whose public key must be among the accepted ones, is let in, and that an
  /// unknown key and a connection without a key are not. Takes some milliseconds; blocks for at most six seconds.
  ///
  /// libzmq lets everybody in when one of several settings is missing; this is how one knows.
  ///
  /// - Throws: ``ZeroMQError/unprotected(_:)``.
  public func selfTest(_ member: CurveKeyPair) throws(ZeroMQError) {
    let stranger = try CurveKeyPair.make()
    strangers.insert(stranger.publicKey)
    defer { strangers.remove(stranger.publicKey) }
    var options = Socket.Options()
    options.security = .server(member)
    let server = try Socket(.router, context, options: options)
    let address = try server.bind("tcp://127.0.0.1:0")
    if try isLetIn(.client(stranger, serverKey: member.publicKey), by: server, at: address) {
      throw .unprotected(.strangerLetIn)
    }
    if try isLetIn(.none, by: server, at: address) { throw .unprotected(.plainLetIn) }
    guard try isLetIn(.client(member, serverKey: member.publicKey), by: server, at: address) else {
      throw .unprotected(.memberTurnedAway)
    }
  }

  /// Whether a message arrives that way.
  private func isLetIn(
    _ security: Security, by server: Socket, at address: String
  ) throws(ZeroMQError) -> Bool {
    var options = Socket.Options()
    options.security = security
    let client = try Socket(.dealer, context, options: options)
    let monitor = try client.monitor()
    try client.connect(address)
    _ = try client.send([Frame([1])])
    let end = ContinuousClock.now + .seconds(2)
    while ContinuousClock.now < end {
      _ = try Poll.wait([.socket(server), .monitor(monitor)], timeout: end - ContinuousClock.now)
      if case .frames = try server.receive(atMost: 2) { return true }
      while let event = try monitor.next() {
        if case .handshakeFailed = event.kind { return false }
      }
    }
    throw .unprotected(.noOutcome)
  }
}

/// A set of keys that two threads share.
final class Strangers: Sendable {
  private let keys = Mutex<Set<CurveKey>>([])

  func insert(_ key: CurveKey) { keys.withLock { _ = $0.insert(key) } }
  func remove(_ key: CurveKey) { keys.withLock { _ = $0.remove(key) } }
  func contains(_ key: CurveKey?) -> Bool { key.map { key in keys.withLock { $0.contains(key) } } ?? false }
}

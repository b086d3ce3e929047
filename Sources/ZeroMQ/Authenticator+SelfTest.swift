internal import Platform

extension Authenticator {
  /// Proves over real connections that who is accepted is let in, that an unknown key and a connection without a key are not,
  /// and that nobody is where nobody answers for keys. Takes some milliseconds; blocks for at most eight seconds.
  ///
  /// libzmq lets everybody in when one of several settings is missing; this is how one knows.
  ///
  /// - Throws: ``ZeroMQError/unprotected(_:)``.
  public func selfTest() throws(ZeroMQError) { try selfTest(omitting: []) }

  /// - Parameter omitted: settings that are left out, to see that each is missed.
  func selfTest(omitting omitted: Set<Socket.Protection>) throws(ZeroMQError) {
    let (listener, friend, stranger) = (try CurveKeyPair.make(), try CurveKeyPair.make(), try CurveKeyPair.make())
    strangers.insert(stranger.publicKey)
    accepted.insert(friend.publicKey)
    defer {
      strangers.remove(stranger.publicKey)
      accepted.remove(friend.publicKey)
    }
    var options = Socket.Options()
    options.security = .server(listener)
    options.omitted = omitted
    let server = try Socket(.router, context, options: options)
    let address = try server.bind("tcp://127.0.0.1:0")
    if try isLetIn(.client(stranger, serverKey: listener.publicKey), by: server, at: address) {
      throw .unprotected(.strangerLetIn)
    }
    if try isLetIn(.none, by: server, at: address) { throw .unprotected(.plainLetIn) }
    guard try isLetIn(.client(friend, serverKey: listener.publicKey), by: server, at: address) else {
      throw .unprotected(.memberTurnedAway)
    }
    // A context of its own has nobody who answers for keys, as this one would if its authenticator were gone.
    let unattended = try Socket(.router, Context(), options: options)
    let place = try unattended.bind("tcp://127.0.0.1:0")
    if try isLetIn(.client(friend, serverKey: listener.publicKey), by: unattended, at: place) {
      throw .unprotected(.unattended)
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
    let end = Instant.now + .seconds(2)
    while Instant.now < end {
      _ = try Poll.wait([.socket(server), .monitor(monitor)], timeout: end - Instant.now)
      if case .frames = try server.receive(atMost: 2) { return true }
      while let event = try monitor.next() {
        if case .handshakeFailed = event.kind { return false }
      }
    }
    throw .unprotected(.noOutcome)
  }
}

import Synchronization
import Testing

@testable import ZeroMQ

@Suite("Keys on a connection", .timeLimit(.minutes(1)))
struct CurveTests {
  let context: Context
  let member: CurveKeyPair
  let refusals = Refusals()

  final class Refusals: Sendable {
    let list = Mutex<[Authenticator.Refusal]>([])
  }

  init() throws {
    context = try Context()
    member = try CurveKeyPair.make()
  }

  func authenticator() throws -> Authenticator {
    let refusals = refusals
    return try Authenticator(context, accepting: [member.publicKey]) { refusal in
      refusals.list.withLock { $0.append(refusal) }
    }
  }

  static func options(_ security: Security) -> Socket.Options {
    var options = Socket.Options()
    options.security = security
    return options
  }

  /// A server, its monitor, a client that dials it, and its monitor.
  struct Meeting {
    let server: Socket
    let client: Socket
    let serverEvents: Monitor
    let clientEvents: Monitor

    init(_ context: Context, server serverSecurity: Security, client clientSecurity: Security) throws {
      server = try Socket(.router, context, options: options(serverSecurity))
      client = try Socket(.dealer, context, options: options(clientSecurity))
      (serverEvents, clientEvents) = (try server.monitor(), try client.monitor())
      try client.connect(try server.bind("tcp://127.0.0.1:0"))
      #expect(try client.send([Frame([42])]) == .sent)
    }

    /// Nothing came through.
    func expectSilence() throws {
      if case .nothing = try server.receive(atMost: 8) {} else { Issue.record("a message came through") }
    }
  }

  @Test("let the member in, and its frames carry its public key; large ones arrive unchanged")
  func accepted() throws {
    let authenticator = try authenticator()
    let meeting = try Meeting(context, server: .server(member), client: .client(member, serverKey: member.publicKey))
    try Exchange.event(meeting.clientEvents) { $0 == .handshakeSucceeded }
    try Exchange.event(meeting.serverEvents) { $0 == .handshakeSucceeded }
    let frames = try Exchange.receive(meeting.server)
    #expect(frames[1].bytes == [42])
    #expect(frames[1].userID == member.publicKey.z85)
    #expect(try meeting.client.send([Frame(SocketTests.pattern(3, 500_000))]) == .sent)
    SocketTests.expectPattern(try Exchange.bytes(meeting.server)[1], 3, 500_000)
    #expect(refusals.list.withLock { $0 }.isEmpty)
    withExtendedLifetime(authenticator) {}
  }

  @Test("turn an unknown key away, and say whose it was")
  func stranger() throws {
    let authenticator = try authenticator()
    let stranger = try CurveKeyPair.make()
    let meeting = try Meeting(context, server: .server(member), client: .client(stranger, serverKey: member.publicKey))
    #expect(try Exchange.handshakeFailure(meeting.clientEvents) == .turnedAway(status: 400))
    #expect(try Exchange.handshakeFailure(meeting.serverEvents) == .turnedAway(status: 400))
    #expect(
      refusals.list.withLock { $0.first } == Authenticator.Refusal(address: "127.0.0.1", key: stranger.publicKey))
    try meeting.expectSilence()
    withExtendedLifetime(authenticator) {}
  }

  @Test("turn everybody away when nobody was asked to say who is let in")
  func withoutAuthenticator() throws {
    let meeting = try Meeting(context, server: .server(member), client: .client(member, serverKey: member.publicKey))
    _ = try Exchange.handshakeFailure(meeting.serverEvents)
    try meeting.expectSilence()
  }

  @Test("keep a client from a server that it does not mean")
  func wrongServerKey() throws {
    let authenticator = try authenticator()
    let other = try CurveKeyPair.make()
    let meeting = try Meeting(context, server: .server(member), client: .client(member, serverKey: other.publicKey))
    #expect(try Exchange.handshakeFailure(meeting.serverEvents) == .cryptographic)
    guard case .cut = try Exchange.handshakeFailure(meeting.clientEvents) else {
      Issue.record("the client noticed something else")
      return
    }
    try meeting.expectSilence()
    withExtendedLifetime(authenticator) {}
  }

  @Test("do not let a client in that has none")
  func plainClient() throws {
    let authenticator = try authenticator()
    let meeting = try Meeting(context, server: .server(member), client: .none)
    #expect(try Exchange.handshakeFailure(meeting.serverEvents) == .mechanismMismatch)
    #expect(try Exchange.handshakeFailure(meeting.clientEvents) == .mechanismMismatch)
    try meeting.expectSilence()
    withExtendedLifetime(authenticator) {}
  }

  @Test("do not let a client talk to a server that has none")
  func plainServer() throws {
    let authenticator = try authenticator()
    let meeting = try Meeting(context, server: .none, client: .client(member, serverKey: member.publicKey))
    #expect(try Exchange.handshakeFailure(meeting.serverEvents) == .mechanismMismatch)
    #expect(try Exchange.handshakeFailure(meeting.clientEvents) == .mechanismMismatch)
    try meeting.expectSilence()
    withExtendedLifetime(authenticator) {}
  }

  @Test("pass the self-test, which reports its own stranger to nobody")
  func selfTest() throws {
    let authenticator = try authenticator()
    for _ in 0..<5 { try authenticator.selfTest() }
    #expect(refusals.list.withLock { $0 }.isEmpty)
  }

  @Test("fail the self-test when any one of the protections is missing", arguments: Socket.Protection.allCases)
  func selfTestFails(omitted: Socket.Protection) throws {
    let authenticator = try authenticator()
    let lapse: ZeroMQError.Lapse =
      switch omitted {
      case .server: .memberTurnedAway
      case .domain: .strangerLetIn
      case .enforcement: .unattended
      }
    #expect(throws: ZeroMQError.unprotected(lapse)) { try authenticator.selfTest(omitting: [omitted]) }
  }

  @Test("let in others when the list changes, and not those that are taken out of it")
  func accept() throws {
    let authenticator = try authenticator()
    let other = try CurveKeyPair.make()
    for (keys, isMember) in [([other.publicKey], false), ([member.publicKey, other.publicKey], true), ([], false)] {
      authenticator.accept(Set(keys))
      let meeting = try Meeting(context, server: .server(other), client: .client(member, serverKey: other.publicKey))
      if isMember {
        try Exchange.event(meeting.serverEvents) { $0 == .handshakeSucceeded }
      } else {
        #expect(try Exchange.handshakeFailure(meeting.serverEvents) == .turnedAway(status: 400))
      }
    }
  }

  @Test("never let in the key of zeros, whoever lists it")
  func zeros() throws {
    let zero = try #require(CurveKey(Array(repeating: 0, count: 32)))
    let authenticator = try Authenticator(context, accepting: [zero, member.publicKey])
    #expect(!authenticator.accepted.contains(zero) && authenticator.accepted.contains(member.publicKey))
    authenticator.accept([zero])
    #expect(!authenticator.accepted.contains(zero))
    #expect(throws: CurveKeyProblem.zero) { try CurveKeyPair(secretKey: zero) }
    #expect(throws: CurveKeyProblem.zero) { try AllowedKeys(lines: "\(zero.z85) attic") }
  }

  @Test("have one authenticator a context, which can be followed by another")
  func oneAuthenticator() throws {
    for _ in 0..<20 {
      let authenticator = try authenticator()
      let error = #expect(throws: ZeroMQError.self) { try self.authenticator() }
      #expect(error.map { "\($0)".contains("zeromq.zap.01") } == true)
      withExtendedLifetime(authenticator) {}
    }
    try authenticator().selfTest()
  }

  @Test("stop being asked for when the context is shut down")
  func shutdown() throws {
    let authenticator = try authenticator()
    context.shutdown()
    #expect(throws: ZeroMQError.terminated) { try authenticator.selfTest() }
    #expect(throws: ZeroMQError.terminated) { try self.authenticator() }
  }
}

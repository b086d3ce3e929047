import Testing

@testable import ZeroMQ

@Suite("A monitor", .timeLimit(.minutes(1)))
struct MonitorTests {
  let context: Context

  init() throws { context = try Context() }

  @Test("sees a connection come and go on both sides, by its number")
  func life() throws {
    let router = try Socket(.router, context)
    let listening = try router.monitor()
    let address = try router.bind("tcp://127.0.0.1:0")
    var dealer: Socket? = try Socket(.dealer, context)
    var dialling = try dealer?.monitor()
    try dealer?.connect(address)
    #expect(try dealer?.send([Frame([1])]) == .sent)
    let accepted = try Exchange.event(listening) { $0 == .accepted }
    #expect(accepted.address == address)
    try Exchange.event(listening) { $0 == .handshakeSucceeded }
    try Exchange.event(#require(dialling)) { $0 == .connected }
    #expect(try Exchange.event(#require(dialling)) { $0 == .handshakeSucceeded }.address == address)
    #expect(try Exchange.receive(router)[1].connection == accepted.connection)
    dialling = nil
    dealer = nil
    #expect(try Exchange.event(listening) { $0 == .disconnected }.connection == accepted.connection)
  }

  @Test("sees that nobody listens, and that it is tried again")
  func nobody() throws {
    let address = try Socket(.router, context).bind("tcp://127.0.0.1:0")
    var options = Socket.Options()
    options.reconnectInterval = .milliseconds(5)
    let dealer = try Socket(.dealer, context, options: options)
    let monitor = try dealer.monitor()
    try dealer.connect(address)
    for _ in 0..<3 {
      // libzmq adds up to as much again, by chance.
      let event = try Exchange.event(monitor) { if case .connectRetried = $0 { true } else { false } }
      guard case .connectRetried(let interval) = event.kind else { return }
      #expect((.milliseconds(5)..<(.milliseconds(10))).contains(interval))
    }
  }

  @Test("holds many events that nobody takes, and the socket works on")
  func flood() throws {
    let router = try Socket(.router, context)
    let monitor = try router.monitor()
    let address = try router.bind("tcp://127.0.0.1:0")
    // More events than two high-water marks, at which libzmq's I/O thread would wait for somebody to read them.
    for number in 0..<900 {
      let dealer = try Socket(.dealer, context)
      try dealer.connect(address)
      #expect(try dealer.send([Frame([UInt8(number & 0xFF)])]) == .sent)
      #expect(try Exchange.bytes(router)[1] == [UInt8(number & 0xFF)])
    }
    var accepted = 0
    while accepted < 900 {
      try Exchange.event(monitor) { $0 == .accepted }
      accepted += 1
    }
  }

  @Test("can go before its socket, which can then have another")
  func again() throws {
    let pair = try Pair(context)
    for _ in 0..<50 {
      let monitor = try pair.router.monitor()
      let dealer = try Socket(.dealer, context)
      try dealer.connect(pair.address)
      try Exchange.event(monitor) { $0 == .handshakeSucceeded }
    }
    #expect(try pair.dealer.send([Frame([5])]) == .sent)
    #expect(try Exchange.bytes(pair.router)[1] == [5])
  }

  @Test("of a socket that has one is misuse")
  func second() async {
    await #expect(processExitsWith: .failure) {
      let socket = try Socket(.router, try Context())
      let monitors = [try socket.monitor(), try socket.monitor()]
      withExtendedLifetime(monitors) {}
    }
  }
}

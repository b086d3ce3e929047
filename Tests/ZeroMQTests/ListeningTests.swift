import Testing

@testable import ZeroMQ

@Suite("Listening and dialling", .timeLimit(.minutes(1)))
struct ListeningTests {
  let context: Context

  init() throws { context = try Context() }

  @Test("on port 0 says which port that is, below those that the system gives to diallers")
  func port() throws {
    for _ in 0..<20 {
      guard case .tcp(let host, let port) = try Address(Socket(.router, context).bind("tcp://127.0.0.1:0")) else {
        Issue.record("no tcp")
        return
      }
      #expect(host == "127.0.0.1")
      #expect((1024..<32768).contains(port))
    }
  }

  @Test(
    "where somebody listens already is an error that says so, over tcp and in the process",
    arguments: ["tcp", "inproc"])
  func taken(transport: String) throws {
    let first = try Socket(.router, context)
    let address = try first.bind(transport == "tcp" ? "tcp://127.0.0.1:0" : "inproc://taken")
    let second = try Socket(.router, context)
    let error = #expect(throws: ZeroMQError.self) { try second.bind(address) }
    #expect(
      error.map { "\($0)" }
        == "cannot listen on \(address): Address already in use; another program listens there: choose another port, or 0 for"
        + " any that is free")
  }

  @Test(
    "at an address of another machine is an error that says so",
    arguments: [
      "tcp://192.0.2.1:7070", "tcp://192.0.2.1:0", "tcp://no-such-name.invalid:7070", "tcp://[2001:db8::1]:7070",
    ])
  func foreign(address: String) throws {
    let socket = try Socket(.router, context)
    let error = #expect(throws: ZeroMQError.self) { try socket.bind(address) }
    #expect(error.map { "\($0)".contains("this machine has no such address") } == true, "\(error as Any)")
    #expect(error.map { "\($0)".contains(address) } == true)
  }

  @Test("at the name of an interface works")
  func interface() throws {
    #expect(try Socket(.router, context).bind("tcp://lo:0").hasPrefix("tcp://127.0.0.1:"))
  }

  @Test("to a host that nobody knows is an error, not silence")
  func unknownHost() throws {
    let socket = try Socket(.dealer, context)
    let error = #expect(throws: ZeroMQError.self) { try socket.connect("tcp://no-such-name.invalid:7070") }
    guard case .unknownHost("no-such-name.invalid", _) = error else {
      Issue.record("\(error as Any)")
      return
    }
  }

  @Test(
    "to what can only be listened on is an error",
    arguments: [
      ("tcp://*:7070", AddressProblem.wildcard), ("tcp://0.0.0.0:7070", .wildcard), ("tcp://[::]:7070", .wildcard),
      ("tcp://127.0.0.1:0", .portZero), ("nonsense", .noTransport),
    ])
  func wildcard(address: String, problem: AddressProblem) throws {
    let socket = try Socket(.dealer, context)
    #expect(throws: ZeroMQError.address(address, problem)) { try socket.connect(address) }
  }

  @Test("ends with the link when the dialler hangs up, and only on what was dialled")
  func disconnect() throws {
    let pair = try Pair(context)
    let monitor = try pair.router.monitor()
    #expect(throws: ZeroMQError.self) { try pair.dealer.disconnect("tcp://127.0.0.1:9") }
    try pair.dealer.disconnect(pair.address)
    var isDisconnected = false
    while !isDisconnected {
      // The dealer has to be used, too, for the connection to go.
      let ready = try Poll.wait([.monitor(monitor), .socket(pair.dealer)], timeout: .seconds(10))
      try #require(ready == [true, false])
      while let event = try monitor.next() { isDisconnected = isDisconnected || event.kind == .disconnected }
    }
  }
}

import Testing

@testable import ZeroMQ

/// Over real sockets: what dials, dials again, and who is gone.
@Suite("A dialled socket", .timeLimit(.minutes(1))) struct DialedSocketTests {
  private static func options() -> Socket.Options {
    var options = Socket.Options()
    options.linger = .seconds(1)
    return options
  }

  /// Waits for the next message of a socket.
  private static func receive(_ router: Socket) throws -> [Frame] {
    while true {
      _ = try Poll.wait([.socket(router)], timeout: .seconds(20))
      if case .frames(let frames) = try router.receive(atMost: 3) { return frames }
    }
  }

  private static func receive(_ dialed: DialedSocket) throws -> [UInt8] {
    while true {
      _ = try Poll.wait([dialed.messages] + (dialed.events.map { [$0] } ?? []), timeout: .seconds(20))
      while try dialed.nextEvent() != nil {}
      if case .frames(let frames) = try dialed.receive() { return frames[0].bytes }
    }
  }

  @Test("carries messages both ways, also when nobody listens yet", arguments: ["inproc://late", "tcp://127.0.0.1:0"])
  func early(place: String) throws {
    let context = try Context()
    // A port that was free a moment ago: the socket goes, and with it its context, which waits until it is closed.
    let address = place.hasPrefix("inproc") ? place : try Socket(.router, Context()).bind(place)
    let dialed = try DialedSocket(address, context, Self.options(), name: "early")
    #expect(try dialed.send([Frame([1])]))
    let router = try Socket(.router, context)
    _ = try router.bind(address)
    let frames = try Self.receive(router)
    #expect(frames.map(\.bytes) == [Array("early".utf8), [1]])
    _ = try router.send([Frame(frames[0].bytes), Frame([2])])
    #expect(try Self.receive(dialed) == [2])
    #expect((dialed.silence(heard: .seconds(1)) == nil) == place.hasPrefix("inproc"))
  }

  @Test("dials again under another name, and what it had queued is gone")
  func again() throws {
    let context = try Context()
    let router = try Socket(.router, context)
    let address = try router.bind("tcp://127.0.0.1:0")
    let dialed = try DialedSocket(address, context, Self.options(), name: "first")
    try dialed.send([Frame([1])])
    #expect(try Self.receive(router)[0].bytes == Array("first".utf8))
    try dialed.dialAgain(name: "second")
    try dialed.send([Frame([2])])
    let frames = try Self.receive(router)
    #expect(frames.map(\.bytes) == [Array("second".utf8), [2]])
  }

  @Test("tells that it was connected, and that its connection has ended")
  func events() throws {
    let context = try Context()
    let router = try Socket(.router, context)
    let address = try router.bind("tcp://127.0.0.1:0")
    let dialed = try DialedSocket(address, context, Self.options(), name: "it")
    func event() throws -> DialedSocket.Event {
      while true {
        if let event = try dialed.nextEvent() { return event }
        _ = try Poll.wait([dialed.messages] + (dialed.events.map { [$0] } ?? []), timeout: .seconds(20))
      }
    }
    #expect(try event() == .connected)
    try dialed.send([Frame([1])])
    var book = ConnectionBook()
    let descriptor = try #require(try Self.receive(router)[1].connection)
    let number = book.number(of: descriptor)
    #expect(book.number(of: descriptor) == number)
    // It stands still: this is the news of one before it.
    book.ended(descriptor)
    #expect(book.takeEnded().isEmpty)
    book[number]?.end()
    #expect(try event() == .disconnected)
    while book[number]?.stands == true { _ = try Poll.wait([.socket(router)], timeout: .milliseconds(10)) }
    // Or it was the news of this one, told before its descriptor was closed.
    #expect(book.takeEnded() == [number] && book.takeEnded().isEmpty)
    book.ended(descriptor)
    #expect(book.takeEnded().isEmpty)
  }
}

import Synchronization
import Testing

@testable import ZeroMQ

@Suite("A socket", .timeLimit(.minutes(1)))
struct SocketTests {
  let context: Context

  init() throws { context = try Context() }

  @Test(
    "carries messages both ways, unchanged and in order",
    arguments: ["tcp://127.0.0.1:0", "tcp://localhost:0", "tcp://*:0", "tcp://[::1]:0", "inproc://both-ways"])
  func delivery(address: String) throws {
    let router = try Socket(.router, context)
    let endpoint = try router.bind(address)
    let dealer = try Socket(.dealer, context)
    try dealer.connect(endpoint.replacing("0.0.0.0", with: "127.0.0.1"))
    // Sizes around the ones where libzmq changes how it keeps and sends a message.
    let sizes = [0, 1, 29, 33, 34, 255, 256, 8191, 8192, 100_000, 300_000]
    for (seed, size) in sizes.enumerated() {
      #expect(try dealer.send([Frame([UInt8(seed)]), Frame(Self.pattern(seed, size))]) == .sent)
    }
    var id: [UInt8] = []
    for (seed, size) in sizes.enumerated() {
      let frames = try Exchange.bytes(router)
      #expect(frames.count == 3 && frames[1] == [UInt8(seed)])
      Self.expectPattern(frames[2], seed, size)
      id = frames[0]
    }
    for (seed, size) in sizes.enumerated() {
      #expect(try router.send([Frame(id), Frame(Self.pattern(seed + 100, size))]) == .sent)
    }
    for (seed, size) in sizes.enumerated() {
      let frames = try Exchange.bytes(dealer)
      #expect(frames.count == 1)
      Self.expectPattern(frames[0], seed + 100, size)
    }
    if case .nothing = try dealer.receive(atMost: 1) {} else { Issue.record("something more") }
  }

  @Test("is known by its routing id, and its frames by where they came from")
  func origin() throws {
    var options = Socket.Options()
    options.routingID = Array("worker-1".utf8)
    let pair = try Pair(context, dealer: options)
    #expect(pair.id == Array("worker-1".utf8))
    #expect(try pair.dealer.send([Frame([7])]) == .sent)
    let frame = try Exchange.receive(pair.router)[1]
    #expect(frame.peerAddress == "127.0.0.1")
    #expect(try #require(frame.connection) > 2)
    #expect(frame.userID == nil)
  }

  @Test("of the router kind says that a peer is not there, and the frames stay the caller's")
  func unreachable() throws {
    var pair: Pair? = try Pair(context)
    let router = try #require(pair?.router)
    let monitor = try router.monitor()
    let id = try #require(pair?.id)
    #expect(try router.send([Frame(Array("nobody".utf8)), Frame([1])]) == .unreachable)
    #expect(try router.send([Frame(id), Frame([1])]) == .sent)
    pair = nil
    try Exchange.event(monitor) { $0 == .disconnected }
    let frames = [Frame(id), Frame([1, 2, 3])]
    // The event is told a little before the router forgets the peer; until then its queue fills.
    while try router.send([Frame(id), Frame([1])]) != .unreachable {}
    #expect(try router.send(frames) == .unreachable)
    #expect(frames.map(\.bytes) == [id, [1, 2, 3]] && !frames.contains { $0.isSent })
  }

  @Test("says that it is full at the high-water mark, and takes the same frames again when there is room")
  func full() throws {
    var options = Socket.Options()
    options.highWaterMark = 5
    let router = try Socket(.router, context, options: options)
    _ = try router.bind("inproc://full")
    let dealer = try Socket(.dealer, context, options: options)
    try dealer.connect("inproc://full")
    // Within a process, the queue is the marks of both ends together.
    for number in 0..<10 { #expect(try dealer.send([Frame([UInt8(number)]), Frame([])]) == .sent) }
    let frames = [Frame([10]), Frame([])]
    #expect(try dealer.send(frames) == .full)
    #expect(frames[0].bytes == [10])
    for number in 0..<10 { #expect(try Exchange.bytes(router)[1] == [UInt8(number)]) }
    #expect(try dealer.send(frames) == .sent)
    #expect(frames.allSatisfy { $0.isSent && $0.count == 0 })
    #expect(try Exchange.bytes(router)[1] == [10])
  }

  @Test("of the router kind says that one peer's queue is full, while others can be reached")
  func fullPeer() throws {
    var options = Socket.Options()
    options.highWaterMark = 3
    let router = try Socket(.router, context, options: options)
    _ = try router.bind("inproc://full-peer")
    let dealers = try (0..<2).map { number in
      options.routingID = [UInt8(65 + number)]
      let dealer = try Socket(.dealer, context, options: options)
      try dealer.connect("inproc://full-peer")
      #expect(try dealer.send([Frame([0])]) == .sent)
      _ = try Exchange.receive(router)
      return dealer
    }
    var sent = 0
    while try router.send([Frame([65]), Frame([UInt8(sent)])]) == .sent { sent += 1 }
    #expect(sent == 6)
    #expect(try router.send([Frame([65]), Frame([])]) == .full)
    #expect(try router.send([Frame([66]), Frame([9])]) == .sent)
    #expect(try Exchange.bytes(dealers[1]) == [[9]])
    for number in 0..<sent { #expect(try Exchange.bytes(dealers[0]) == [[UInt8(number)]]) }
  }

  @Test("lets no frame in that is larger than it was told, and takes later ones over the connection that is made anew")
  func oversized() throws {
    var options = Socket.Options()
    options.largestFrame = 1000
    let pair = try Pair(context, router: options)
    let monitor = try pair.router.monitor()
    #expect(try pair.dealer.send([Frame(Self.pattern(1, 1000))]) == .sent)
    #expect(try Exchange.bytes(pair.router)[1] == Self.pattern(1, 1000))
    #expect(try pair.dealer.send([Frame(Self.pattern(2, 1001))]) == .sent)
    try Exchange.event(monitor) { $0 == .handshakeSucceeded }
    #expect(try pair.dealer.send([Frame([3])]) == .sent)
    #expect(try Exchange.bytes(pair.router)[1] == [3])
  }

  @Test("drops a message of too many frames but the peer's id, and goes on with the next", arguments: [4, 5, 2000])
  func tooMany(count: Int) throws {
    let pair = try Pair(context)
    #expect(try pair.dealer.send((0..<count).map { Frame([UInt8(truncatingIfNeeded: $0)]) }) == .sent)
    #expect(try pair.dealer.send([Frame([7]), Frame([8]), Frame([9])]) == .sent)
    #expect(try Poll.wait([.socket(pair.router)], timeout: .seconds(10)) == [true])
    guard case .tooMany(let first) = try pair.router.receive(atMost: 4) else {
      Issue.record("taken")
      return
    }
    #expect(first.bytes == pair.id)
    #expect(try Exchange.receive(pair.router, atMost: 4).map(\.bytes) == [pair.id, [7], [8], [9]])
  }

  @Test("leaves a name to the peer that had it first")
  func sameName() throws {
    var options = Socket.Options()
    options.routingID = [65]
    let pair = try Pair(context, dealer: options)
    let monitor = try pair.router.monitor()
    let second = try Socket(.dealer, context, options: options)
    try second.connect(pair.address)
    #expect(try second.send([Frame([2])]) == .sent)
    try Exchange.event(monitor) { $0 == .handshakeSucceeded }
    #expect(try pair.dealer.send([Frame([1])]) == .sent)
    #expect(try Exchange.bytes(pair.router) == [[65], [1]])
    #expect(try pair.router.send([Frame([65]), Frame([3])]) == .sent)
    #expect(try Exchange.bytes(pair.dealer) == [[3]])
  }

  /// Not as two arrays in one expectation, which would look for their differences until the time is up.
  static func expectPattern(_ bytes: [UInt8], _ seed: Int, _ count: Int) {
    let isEqual = bytes == pattern(seed, count)
    #expect(isEqual, "\(bytes.count) bytes where \(count) were sent")
  }

  static func pattern(_ seed: Int, _ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: (index &+ seed) &* 0x9E37_79B1 >> 13) }
      initialized = count
    }
  }
}

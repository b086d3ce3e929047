import Testing

@testable import ZeroMQ

/// Waiting for what another thread does, with a deadline instead of a sleep.
enum Exchange {
  /// The next message, of at most `limit` frames.
  static func receive(_ socket: Socket, atMost limit: Int = 8) throws -> [Frame] {
    try #require(try Poll.wait([.socket(socket)], timeout: .seconds(10)) == [true], "no message")
    guard case .frames(let frames) = try socket.receive(atMost: limit) else {
      throw Failure("ready, but no message of at most \(limit) frames")
    }
    return frames
  }

  static func bytes(_ socket: Socket) throws -> [[UInt8]] { try receive(socket).map(\.bytes) }

  /// The first event for which `matches` holds; those before it are dropped.
  @discardableResult
  static func event(_ monitor: Monitor, _ matches: (MonitorEvent.Kind) -> Bool) throws -> MonitorEvent {
    var seen: [MonitorEvent] = []
    while try Poll.wait([.monitor(monitor)], timeout: .seconds(10)) == [true] {
      while let event = try monitor.next() {
        if matches(event.kind) { return event }
        seen.append(event)
      }
    }
    throw Failure("no such event among \(seen)")
  }

  static func handshakeFailure(_ monitor: Monitor) throws -> HandshakeFailure {
    let event = try event(monitor) { if case .handshakeFailed = $0 { true } else { false } }
    guard case .handshakeFailed(let failure) = event.kind else { throw Failure("\(event)") }
    return failure
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
  }
}

/// A router that listens and a dealer that has dialled it and is known to it by `id`.
struct Pair {
  let router: Socket
  let dealer: Socket
  let address: String
  var id: [UInt8] = []

  init(
    _ context: Context, _ address: String = "tcp://127.0.0.1:0", router routerOptions: Socket.Options = .init(),
    dealer dealerOptions: Socket.Options = .init()
  ) throws {
    router = try Socket(.router, context, options: routerOptions)
    self.address = try router.bind(address)
    dealer = try Socket(.dealer, context, options: dealerOptions)
    try dealer.connect(self.address)
    try #require(try dealer.send([Frame([0])]) == .sent)
    id = try Exchange.receive(router)[0].bytes
  }
}

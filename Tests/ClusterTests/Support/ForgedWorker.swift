import GPT2
import Pipeline
import ZeroMQ

/// Speaks to a coordinator or to a worker's port as a worker should, or as it should not.
final class ForgedWorker {
  let name: String
  private let socket: Socket
  private var number: UInt64 = 0

  /// Dials, and says nothing yet.
  init(_ name: String = "forged", dialing address: String, _ context: Context, key: CurveKeyPair? = nil) throws {
    self.name = name
    socket = try Socket(
      .dealer, context, options: .dialing(address, key: key, name: "\(name)#\(UInt64.random(in: 0...(.max)))"))
    try socket.connect(address)
  }

  /// What a worker without files says first.
  func hello(programVersion: String = ProgramVersion.current, configuration: [UInt8] = []) -> Message {
    .hello(
      Hello(
        name: name, incarnation: 7, programVersion: programVersion, kernels: "none", threads: 1, memory: 1 << 30,
        cores: 1,
        host: "nowhere", address: "tcp://127.0.0.1:9", folder: configuration.isEmpty ? "" : "/models/own",
        configuration: configuration))
  }

  static let measurement = Message.measurement(Measurement(points: [BlockTime(rows: 1, seconds: 0.001)]))
  static let ready = Message.ready(Ready(bytesRead: 0, bytesReceived: 0, bytesCached: 0, nanoseconds: 1))

  /// - Parameter number: instead of the one that is due.
  func send(_ message: Message, epoch: UInt64 = 0, number: UInt64? = nil) throws {
    try send([message.encode(header: Header(epoch: epoch, number: number ?? self.number))])
    self.number += 1
  }

  func send(_ frames: [[UInt8]]) throws { _ = try socket.send(frames.map { Frame($0) }) }

  /// The next message of a kind; whatever else comes is passed over. Blocks for up to five seconds.
  func receive(_ kind: Message.Kind) throws -> (header: Header, message: Message)? {
    let end = ContinuousClock.now + .seconds(5)
    while .now < end {
      _ = try Poll.wait([.socket(socket)], timeout: end - .now)
      guard case .frames(let frames) = try socket.receive(atMost: 1) else { continue }
      let (header, message) = try Message.decode(frames[0].bytes)
      if message.kind == kind { return (header, message) }
    }
    return nil
  }

  /// Joins until it is given blocks, of which it says that it has them.
  ///
  /// - Returns: the epoch.
  func join(saysReady: Bool = true) throws -> UInt64? {
    try send(hello())
    guard try receive(.welcome) != nil else { return nil }
    try send(Self.measurement)
    guard let (header, _) = try receive(.assignment) else { return nil }
    if saysReady { try send(Self.ready, epoch: header.epoch) }
    return header.epoch
  }
}

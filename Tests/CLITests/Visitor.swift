import Foundation
import Pipeline
import Testing
import ZeroMQ

/// Somebody who is not of the cluster and has found one of its ports.
final class Visitor {
  private let address: String
  private let socket: Socket

  init(_ address: String, _ context: Context) throws {
    self.address = address
    socket = try Socket(.dealer, context)
    try socket.connect(address)
  }

  func send(_ frames: [[UInt8]]) throws {
    #expect(try socket.send(frames.map { Frame($0) }) == .sent)
  }

  /// The sentence that answers a message.
  func answer(to bytes: [UInt8]) throws -> String {
    try send([bytes])
    return try answer()
  }

  /// Why it is turned away, whatever else it is told before.
  func answer() throws -> String {
    while try Poll.wait([.socket(socket)], timeout: .seconds(10))[0] {
      guard case .frames(let frames) = try socket.receive(atMost: 1) else { continue }
      switch try Message.decode(frames[0].bytes).1 {
      case .refusal(let refusal): return refusal.reason
      case .goodbye(let goodbye): return goodbye.reason
      default: continue
      }
    }
    return "nothing"
  }

  /// Sends what no member sends: plain HTTP, noise, and messages that are short, long, foreign, too many or not due.
  func misbehave() throws {
    var numbers = SystemRandomNumberGenerator()
    func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in .random(in: 0...255, using: &numbers) } }
    for text in [
      Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [], noise(4000),
      [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F] + noise(300),
    ] {
      try sendPlainly(text)
    }
    var header = Message.goodbye(Goodbye(reason: "")).encode(header: Header(number: 0))
    let goodbye = header
    header[6] = 77
    var long = goodbye
    long[39] = 0x7F
    let open = Message.open(Open(stage: -1, secret: Array(repeating: 0, count: 32))).encode(
      header: Header(epoch: .none, number: 0))
    let heartbeat = Message.heartbeat(Heartbeat(progress: 1, time: 2, pulse: 0, pulseArrival: 1)).encode(
      header: Header(number: .max))
    let messages: [[[UInt8]]] = [
      [[]], [[7]], [noise(40)], [noise(100_000)], [header], [long], [goodbye], [goodbye.dropLast()].map { Array($0) },
      [open], [open, [], []], [heartbeat], Array(repeating: [1], count: 9),
    ]
    for message in messages { try send(message) }
    for _ in 0..<500 { try send([noise(30)]) }
  }

  /// Opens a connection without ZeroMQ, says something and closes it.
  private func sendPlainly(_ bytes: [UInt8]) throws {
    let port = try #require(UInt16(address.split(separator: ":").last!))
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}

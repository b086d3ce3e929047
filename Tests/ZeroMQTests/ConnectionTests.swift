import Foundation
import Platform
import TestSupport
import Testing

@testable import ZeroMQ

@Suite("The connections of a listening socket", .timeLimit(.minutes(1)))
struct ConnectionTests {

  private static func connection(_ number: Int32) -> Connection { Connection(number + 100_000) }

  @Test("that send and send and never end a message are ended, the largest first when they are many")
  func endless() {
    var table = ConnectionTable()
    for number in 0..<5 as Range<Int32> { table.open(Self.connection(number), now: 0) }
    var bytes: [Int32: UInt64] = [:]
    func judge(_ time: Instant) -> [(Int32, ConnectionTable.Fault)] {
      table.judge(now: time) { bytes[$0.descriptor - 100_000] ?? 0 }.map { ($0.0.descriptor - 100_000, $0.1) }
    }
    // Messages that come whole may be as many as they like.
    for round in 1...10 as ClosedRange<UInt64> {
      bytes[0] = round << 30
      table.delivered(100_000, now: Instant(nanoseconds: round))
      #expect(judge(Instant(nanoseconds: round)).isEmpty)
    }
    bytes[1] = 64 << 20
    #expect(judge(11).isEmpty)
    bytes[1]! += 1
    #expect(judge(12).map(\.0) == [1])
    #expect(table.entries[100_001] == nil)
    // Five times 60 MiB are too many together.
    table.open(Self.connection(5), now: 0)
    for number in 2...5 as ClosedRange<Int32> { bytes[number] = 60 << 20 + UInt64(number) }
    bytes[0]! += 60 << 20
    #expect(judge(13).map(\.0) == [5])
  }

  @Test("that say nothing are ended, and are never more than a few, of whatever host they are")
  func mute() {
    var table = ConnectionTable()
    for number in 0..<200 as Range<Int32> {
      table.open(Self.connection(number), now: Instant(nanoseconds: UInt64(number)))
    }
    #expect(table.judge(now: 200) { _ in 0 }.count == 136)
    // The newest stay: whoever means it speaks within milliseconds.
    #expect(table.entries.keys.min() == 100_136 && table.entries.count == 64)
    table.delivered(100_150, now: 300)
    #expect(table.judge(now: .seconds(6)) { _ in 0 }.count == 63)
    #expect(table.entries.keys.sorted() == [100_150])
    #expect(table.judge(now: .seconds(1000)) { _ in 0 }.isEmpty)
  }

  @Test("are no more than there may be: the one that was silent for longest makes room")
  func crowd() {
    var table = ConnectionTable()
    table.limits.connections = 100
    for number in 0..<150 as Range<Int32> {
      table.open(Self.connection(number), now: Instant(nanoseconds: UInt64(number)))
      table.delivered(number + 100_000, now: Instant(nanoseconds: UInt64(1000 - number)))
    }
    let ended = table.judge(now: 2000) { _ in 0 }.map { $0.0.descriptor - 100_000 }
    #expect(Set(ended) == Set(100..<150))
  }

  @Test("are known to the system: who is at the other end, what came, and since when nothing did")
  func system() throws {
    let context = try Context()
    let (server, client) = (try Socket(.router, context), try Socket(.dealer, context))
    try client.connect(try server.bind("tcp://127.0.0.1:0"))
    _ = try client.send([Frame(Array(repeating: 7, count: 5000))])
    let frames = try Exchange.receive(server)
    let connection = Connection(try #require(frames[1].connection))
    #expect(connection.host == "127.0.0.1")
    #if os(Linux)
      #expect(try #require(connection.bytesReceived) >= 5000)
      #expect(try #require(connection.silence) < .seconds(20))
    #endif
    #expect(Connection(-1).peer == nil && Connection(-1).bytesReceived == nil)
    #expect(
      Address.isOfThisMachine("127.0.0.1") && Address.isOfThisMachine("::1") && !Address.isOfThisMachine("192.0.2.7"))
  }

  @Test("are ended with a word when a message does not end")
  func watch() throws {
    let context = try Context()
    let server = try Socket(.router, context)
    let watch = try ConnectionWatch(server)
    let address = try server.bind("tcp://127.0.0.1:0")
    let port = try #require(UInt16(address.split(separator: ":").last!))
    let descriptor = try Self.dial(port)
    defer { close(descriptor) }
    // ZMTP 3.0 without a mechanism, as a DEALER, and then frames of which more follow.
    func send(_ bytes: [UInt8]) -> Bool {
      Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
    #expect(
      send([0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 3, 0] + Array("NULL".utf8) + Array(repeating: 0, count: 48)))
    let ready: [UInt8] =
      [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)
    #expect(send([4, UInt8(ready.count)] + ready))
    // Its sender may learn of the end late, while the system waits to hear of room.
    var limit = timeval(tv_sec: 2, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let frame: [UInt8] = [3, 0, 0, 0, 0, 0, 0x10, 0, 0] + Array(repeating: 7, count: 1 << 20)
    var count = 0
    while count < 2000, send(frame) { count += 1 }
    #expect((64...1000).contains(count))
    var reasons: [String] = []
    while reasons.isEmpty {
      _ = try Poll.wait([.wakeup(watch.news), .socket(server)], timeout: .seconds(10))
      for case .ended(let host, let reason) in try watch.events() { reasons.append("\(host) \(reason)") }
    }
    #expect(reasons[0].hasPrefix("127.0.0.1 sent ") && reasons[0].contains("no whole message"))
  }

  private static func dial(_ port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
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
    return descriptor
  }
}

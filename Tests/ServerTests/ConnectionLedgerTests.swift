import NIOCore
import Platform
import Testing

@testable import Server

@Suite("The ledger of connections")
struct ConnectionLedgerTests {
  private var ledger = ConnectionLedger(limit: 8, idleLimit: 3, grace: .seconds(1))
  private let start = Instant.now

  private func time(_ seconds: Double) -> Instant { start + .seconds(seconds) }

  @discardableResult
  private mutating func open(_ address: UInt32, at seconds: Double = 0) -> (id: UInt64, leaving: UInt64?) {
    ledger.open(.ip4(address), at: time(seconds))
  }

  @Test("lets an address have so many idle connections, and the longest idle go")
  mutating func share() {
    let ids = (0..<5).map { open(1, at: Double($0) / 10).id }
    let other = open(2).id
    #expect(ledger.surplus(at: time(0.9)).isEmpty, "they may be about to ask")
    #expect(ledger.surplus(at: time(1.35)) == [ids[0]])
    #expect(ledger.surplus(at: time(9)) == [ids[1]])
    #expect(ledger.surplus(at: time(9)).isEmpty && ledger.count == 4)
    #expect(ledger.isLeaving(ids[1]) && !ledger.isLeaving(ids[2]) && !ledger.isLeaving(other))
  }

  @Test("does not count those that work")
  mutating func working() {
    let ids = (0..<8).map { _ in open(1).id }
    for id in ids { ledger.become(id, .working, at: time(0)) }
    #expect(ledger.surplus(at: time(9)).isEmpty)
    for id in ids.dropLast(4) { ledger.become(id, .receiving, at: time(1)) }
    #expect(ledger.surplus(at: time(9)).isEmpty)
    for id in ids { ledger.become(id, .idle, at: time(10)) }
    #expect(ledger.surplus(at: time(12)) == Array(ids[0..<5]))
  }

  @Test("counts bytes for nothing: who is idle stays as old as it is")
  mutating func drip() {
    let ids = (0..<4).map { open(1, at: Double($0)).id }
    ledger.become(ids[0], .idle, at: time(8))
    #expect(ledger.surplus(at: time(9)) == [ids[0]])
  }

  @Test("makes room for another at the cost of the address that has most")
  mutating func room() {
    let one = (0..<5).map { open(1, at: Double($0)).id }
    let two = (0..<3).map { open(2, at: Double($0)).id }
    ledger.become(one[0], .working, at: time(5))
    #expect(open(3, at: 10).leaving == one[1])
    #expect(open(3, at: 10).leaving == two[0])
    #expect(open(3, at: 10).leaving == one[2])
    #expect(ledger.count == 8)
    // Who goes does not count, and is not chosen twice.
    ledger.close(one[1])
    #expect(ledger.count == 8)
  }

  @Test("lets bodies that are long in coming go before those that came this moment")
  mutating func bodies() {
    let ids = (0..<8).map { open(1, at: Double($0) / 100).id }
    for id in ids { ledger.become(id, .receiving, at: time(0.1)) }
    let health = open(1, at: 5)
    #expect(health.leaving == ids[0])
    #expect(open(1, at: 5.01).leaving == ids[1])
    // The longest idle goes before a body.
    #expect(open(1, at: 7).leaving == health.id)
  }

  @Test("has something left for another when all work, and not for ever")
  mutating func reserve() {
    for _ in 0..<8 { ledger.become(open(1).id, .working, at: time(0)) }
    for _ in 0..<ConnectionLedger.reserve {
      let (id, leaving) = open(2)
      #expect(leaving == nil)
      ledger.become(id, .working, at: time(0))
    }
    let last = open(2)
    #expect(last.leaving == last.id)
    #expect(ledger.count == 8 + ConnectionLedger.reserve)
  }

  @Test("lets one stay whose request came before its end")
  mutating func rescue() {
    let ids = (0..<4).map { _ in open(1).id }
    #expect(ledger.surplus(at: time(2)) == [ids[0]])
    ledger.become(ids[0], .working, at: time(2))
    #expect(!ledger.isLeaving(ids[0]) && ledger.count == 4)
    ledger.become(ids[0], .idle, at: time(3))
    #expect(ledger.surplus(at: time(5)) == [ids[1]])
    ledger.become(ids[1], .idle, at: time(5))
    #expect(ledger.isLeaving(ids[1]))
  }

  @Test("shrinks to a lower limit as far as they wait")
  mutating func shrink() {
    let ids = (0..<6).map { open(1, at: Double($0)).id }
    for id in ids.prefix(4) { ledger.become(id, .working, at: time(6)) }
    ledger.limit = 3
    #expect(ledger.shrink(at: time(9)) == Array(ids[4...]))
    for id in ids { ledger.close(id) }
    ledger.close(ids[0])
    #expect(ledger.count == 0)
  }

  @Test("stands for what there is, whatever happens in whatever order")
  mutating func anything() {
    var generator = SystemRandomNumberGenerator()
    var ids: [UInt64] = []
    for step in 0..<20_000 {
      let now = time(Double(step) / 50)
      switch UInt32.random(in: 0..<6, using: &generator) {
      case 0, 1: ids.append(ledger.open(.ip4(.random(in: 0..<5)), at: now).id)
      case 2:
        ids.randomElement().map { id in ledger.become(id, [.idle, .receiving, .working].randomElement()!, at: now) }
      case 3: if !ids.isEmpty { ledger.close(ids.remove(at: .random(in: ids.indices))) }
      case 4: for id in ledger.surplus(at: now) { #expect(ids.contains(id) && ledger.isLeaving(id)) }
      default:
        for id in ids where ledger.isLeaving(id) { ledger.close(id) }
        ids.removeAll { id in
          !ledger.isLeaving(id) && Bool.random()
            && {
              ledger.close(id)
              return true
            }()
        }
      }
      #expect(ledger.count <= 8 + ConnectionLedger.reserve && ledger.count >= 0)
    }
    for id in ids { ledger.close(id) }
    #expect(ledger.count == 0)
  }

  @Test("takes an address for one client's, however it is written")
  func addresses() throws {
    func of(_ text: String) throws -> ClientAddress { ClientAddress(try SocketAddress(ipAddress: text, port: 1)) }
    #expect(try of("192.0.2.1") == of("::ffff:192.0.2.1"))
    #expect(try of("192.0.2.1") != of("192.0.2.2"))
    #expect(try of("2001:db8::1") == of("2001:db8::ffff:2"))
    #expect(try of("2001:db8::1") != of("2001:db8:0:1::1"))
    #expect(try of("fe80::1") != of("fe80::2"))
    #expect(try of("::1") != of("127.0.0.1"))
    for (text, isLoopback) in [
      ("127.0.0.1", true), ("127.8.8.8", true), ("::1", true), ("::ffff:127.0.0.1", true), ("0.0.0.0", false),
      ("::", false), ("192.0.2.1", false), ("::ffff:192.0.2.1", false),
    ] { #expect(try SocketAddress(ipAddress: text, port: 1).isLoopback == isLoopback, "\(text)") }
  }

  @Test(
    "is for no more than the process may open",
    arguments: [(1024, 768), (20_000, 1024), (256, 192), (100, 36), (10, 8)])
  func descriptors(limit: Int, connections: Int) {
    var limits = ServerLimits()
    limits.descriptors = { limit }
    #expect(Connections.limit(limits) == connections)
  }
}

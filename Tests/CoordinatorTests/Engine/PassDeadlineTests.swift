import Testing

@testable import Coordinator

@Suite("The deadline of a micro-batch")
struct PassDeadlineTests {
  private static let second: UInt64 = 1_000_000_000

  @Test("is several times what computing should take, and what its bytes take a slow link at each hop")
  func limit() {
    for (seconds, bytes, limit) in [
      (0.0, 0, 5.0), (0.5, 0, 7.0), (0, 3072, 5.07), (1, 1_572_864, 46.7), (1e9, 0, 125), (nil, 0, 605),
    ] as [(Double?, Int, Double)] {
      var deadline = PassDeadline()
      deadline.sent(seconds: seconds, bytes: bytes, hops: 3, now: Self.second)
      let end = Self.second + UInt64(limit * 1e9)
      #expect(deadline.overdue(now: end - Self.second / 10) == nil, "\(limit)")
      #expect(deadline.overdue(now: end + Self.second / 10) != nil, "\(limit)")
    }
  }

  @Test("counts from the last that came back, since they come in order, and is none when nothing is awaited")
  func order() {
    var deadline = PassDeadline()
    #expect(deadline.overdue(now: 1000 * Self.second) == nil)
    for _ in 0..<3 { deadline.sent(seconds: 0, bytes: 0, hops: 2, now: Self.second) }
    deadline.arrived(now: 6 * Self.second)
    #expect(deadline.overdue(now: 10 * Self.second) == nil)
    #expect(deadline.overdue(now: 12 * Self.second) == .seconds(6))
    // A machine that slept has heard nothing meanwhile.
    deadline.forgive(.seconds(100), now: 112 * Self.second)
    #expect(deadline.overdue(now: 110 * Self.second) == nil)
    #expect(deadline.overdue(now: 112 * Self.second) == .seconds(6))
    deadline.arrived(now: 112 * Self.second)
    deadline.arrived(now: 112 * Self.second)
    #expect(deadline.overdue(now: 1000 * Self.second) == nil)
  }
}

import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("The deadline of a micro-batch")
struct PassDeadlineTests {
  private static func at(_ seconds: Double) -> Instant { .seconds(seconds) }

  @Test("is several times what computing should take, and what its bytes take a slow link at each hop")
  func limit() {
    for (seconds, bytes, limit) in [
      (0.0, 0, 5.0), (0.5, 0, 7.0), (0, 3072, 5.07), (1, 1_572_864, 46.7), (1e9, 0, 125), (nil, 0, 605),
    ] as [(Double?, Int, Double)] {
      var deadline = PassDeadline()
      deadline.sent(seconds: seconds, bytes: bytes, hops: 3, now: Self.at(1))
      #expect(deadline.overdue(now: Self.at(1 + limit - 0.1)) == nil, "\(limit)")
      #expect(deadline.overdue(now: Self.at(1 + limit + 0.1)) != nil, "\(limit)")
    }
  }

  @Test("counts from the last that came back, since they come in order, and is none when nothing is awaited")
  func order() {
    var deadline = PassDeadline()
    #expect(deadline.overdue(now: Self.at(1000)) == nil)
    for _ in 0..<3 { deadline.sent(seconds: 0, bytes: 0, hops: 2, now: Self.at(1)) }
    deadline.arrived(now: Self.at(6))
    #expect(deadline.overdue(now: Self.at(10)) == nil)
    #expect(deadline.overdue(now: Self.at(12)) == .seconds(6))
    // A machine that slept has heard nothing meanwhile.
    deadline.forgive(.seconds(100), now: Self.at(112))
    #expect(deadline.overdue(now: Self.at(110)) == nil)
    #expect(deadline.overdue(now: Self.at(112)) == .seconds(6))
    deadline.arrived(now: Self.at(112))
    deadline.arrived(now: Self.at(112))
    #expect(deadline.overdue(now: Self.at(1000)) == nil)
  }
}

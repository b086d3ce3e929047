import Testing

@testable import Platform

@Suite("An instant") struct InstantTests {
  private static func at(_ nanoseconds: UInt64) -> Instant { Instant(nanoseconds: nanoseconds) }

  @Test("counts forwards and backwards")
  func arithmetic() {
    #expect(Self.at(1000) - Self.at(400) == .nanoseconds(600))
    #expect(Self.at(400) - Self.at(1000) == .nanoseconds(-600))
    #expect(Self.at(1000) + .seconds(2) == Self.at(2_000_001_000))
    #expect(Self.at(2_000_001_000) - .seconds(2) == Self.at(1000))
    #expect(Self.at(1) < Self.at(2))
    var instant = Self.at(5)
    instant += .nanoseconds(7)
    #expect(instant == Self.at(12))
  }

  @Test("of now does not go back")
  func now() {
    var last = Instant.now
    for _ in 0..<1000 {
      let next = Instant.now
      #expect(next >= last)
      last = next
    }
  }

  @Test(
    "takes spans of any length",
    arguments: [
      (Duration.nanoseconds(1), Int64(1)), (.seconds(3), 3_000_000_000), (.milliseconds(-2), -2_000_000), (.zero, 0),
      (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
    ])
  func spans(duration: Duration, nanoseconds: Int64) {
    #expect(duration.nanoseconds == nanoseconds)
  }
}

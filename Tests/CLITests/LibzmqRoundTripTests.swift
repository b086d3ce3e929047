import Platform
import Testing

@testable import CLI

@Suite("A round trip over libzmq alone", .timeLimit(.minutes(1)))
struct LibzmqRoundTripTests {
  @Test("comes back every time, and does not count the pauses", arguments: [true, false])
  func measure(isInProcess: Bool) throws {
    let trip = LibzmqRoundTrip(
      isInProcess: isInProcess, head: [1, 2, 3], payload: [UInt8](repeating: 7, count: 3072), memory: 1000,
      pause: .milliseconds(5))
    let start = Instant.now
    let times = try trip.measure(count: 20)
    let all = (Instant.now - start) / .seconds(1)
    #expect(times.count == 20 && times.allSatisfy { $0 > 0 })
    // Each end pauses once a trip.
    #expect(times.reduce(0, +) + 20 * 2 * 0.005 <= all)
  }
}

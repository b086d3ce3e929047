import Synchronization
import Testing

@testable import ZeroMQ

@Suite("A round trip over libzmq alone", .timeLimit(.minutes(1)))
struct LibzmqRoundTripTests {
  @Test("comes back every time, with each end busy once a trip", arguments: [true, false])
  func measure(isInProcess: Bool) throws {
    let trip = LibzmqRoundTrip(
      isInProcess: isInProcess, head: [1, 2, 3], payload: [UInt8](repeating: 7, count: 3072), pause: .milliseconds(5))
    let pauses = Mutex<[Duration]>([])
    let times = try trip.measure(count: 20) { { pause in pauses.withLock { $0.append(pause) } } }
    #expect(times.count == 20)
    #expect(pauses.withLock { $0 } == Array(repeating: .milliseconds(5), count: 40))
  }

  @Test("says why an end cannot be busy")
  func failure() {
    struct Failure: Error {}
    let trip = LibzmqRoundTrip(isInProcess: true, head: [1], payload: [2], pause: .zero)
    #expect(throws: Failure.self) { try trip.measure(count: 1) { throw Failure() } }
  }
}

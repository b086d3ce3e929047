import Pipeline
import Testing

@testable import Coordinator

@Suite("An autopsy") struct AutopsyTests {
  private static let epoch = Epoch(coordinator: 4, plan: 2)

  /// Micro-batches 10 to 13 were in flight.
  private static func autopsy(
    before: Roster.ID? = [1], behind: Roster.ID? = [3], given: UInt64 = 10, handedOn: UInt64 = 10
  ) -> Autopsy {
    Autopsy(
      process: 7, epoch: epoch, flights: [[1, 2], [3], [2], []].map { $0.map { RequestID($0) } }, first: 10,
      before: before, behind: behind, given: given, handedOn: handedOn)
  }

  private static func victims(given: UInt64, handedOn: UInt64) -> [UInt64] {
    autopsy(given: given, handedOn: handedOn).victims.map(\.rawValue)
  }

  @Test("blames whose rows were handed to the worker and did not come out of it, each once")
  func victims() {
    #expect(Self.victims(given: 11, handedOn: 10) == [1, 2])
    #expect(Self.victims(given: 13, handedOn: 10) == [1, 2, 3])
    #expect(Self.victims(given: 13, handedOn: 11) == [3, 2])
    #expect(Self.victims(given: 14, handedOn: 13) == [])
    // It had nothing in hand, or what it had has come out before.
    #expect(Self.victims(given: 12, handedOn: 12) == [] && Self.victims(given: 10, handedOn: 12) == [])
    #expect(Self.victims(given: 9, handedOn: 8) == [])
    // More than was ever in flight.
    #expect(Self.victims(given: .max, handedOn: 12) == [2])
  }

  @Test("knows whether one request was all that the worker had in hand")
  func alone() {
    for (flights, isOfOne) in [
      ([[1]], true), ([[1], [1], []], true), ([[1], [2]], false), ([[1, 2]], false), ([], false), ([[]], false),
      // Others have computed before what a cache is filled with, so nobody dies of it; but it was there.
      ([[1], nil], false), ([nil], false),
    ] as [([[UInt64]?], Bool)] {
      let autopsy = Autopsy(
        process: 7, epoch: Self.epoch, flights: flights.map { $0?.map { RequestID($0) } }, first: 0, given: 9,
        handedOn: 0)
      #expect(autopsy.isOfOne == isOfOne, "\(flights)")
    }
  }

  @Test("waits for the last words of both neighbours, and believes the largest")
  func words() {
    var autopsy = Self.autopsy()
    #expect(!autopsy.isComplete)
    // Of somebody else, and of the worker before it on what it took itself.
    autopsy.take([9], taken: 13, passed: 13)
    autopsy.take([1], taken: 14, passed: 12)
    #expect(!autopsy.isComplete && autopsy.given == 12 && autopsy.handedOn == 10)
    autopsy.take([3], taken: 11, passed: 10)
    #expect(autopsy.isComplete && autopsy.victims.map(\.rawValue) == [3])
    // What a heartbeat said before is not taken back.
    var late = Self.autopsy(behind: nil, given: 12, handedOn: 11)
    late.take([1], taken: 9, passed: 9)
    #expect(late.isComplete && late.given == 12)
  }

  @Test("needs no word where the coordinator is the neighbour on both sides")
  func single() {
    let autopsy = Self.autopsy(before: nil, behind: nil, given: 14, handedOn: 10)
    #expect(autopsy.isComplete && autopsy.victims.map(\.rawValue) == [1, 2, 3])
  }
}

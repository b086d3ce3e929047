import MicroBatching
import Testing

@testable import Coordinator

/// Stages that compute `FakeModel` with a cache that refuses what a real one refuses, and keep micro-batches in order.
struct FakePipe {
  let slotCount: Int
  let positionBudget: Int
  /// The hidden state after each cached position.
  private(set) var slots: [Int: [UInt64]] = [:]
  /// Hidden state of each row of the micro-batches under way, oldest first.
  private(set) var flights: [(dispatch: Dispatch, hidden: [UInt64])] = []
  private(set) var sent: UInt64 = 0

  /// - Parameter sent: micro-batches that went into pipes before this one.
  init(slotCount: Int, positionBudget: Int, after sent: UInt64 = 0) {
    self.slotCount = slotCount
    self.positionBudget = positionBudget
    self.sent = sent
  }

  mutating func send(_ dispatch: Dispatch, location: SourceLocation = #_sourceLocation) throws {
    let microBatch = dispatch.microBatch
    #expect(dispatch.sequence == sent, sourceLocation: location)
    sent += 1
    try #require(dispatch.tokens.count == microBatch.rowCount, sourceLocation: location)
    #expect(!microBatch.segments.isEmpty || !microBatch.releasedSlots.isEmpty, sourceLocation: location)
    #expect(Set(microBatch.releasedSlots).count == microBatch.releasedSlots.count, sourceLocation: location)
    for slot in microBatch.releasedSlots {
      slots[slot] = nil
      #expect((0..<slotCount).contains(slot), sourceLocation: location)
    }
    #expect(
      Set(microBatch.segments.map(\.slot)).count == microBatch.segments.count, "a slot twice in a micro-batch",
      sourceLocation: location)
    var hidden: [UInt64] = []
    for segment in microBatch.segments {
      try #require((0..<slotCount).contains(segment.slot) && segment.count >= 1, sourceLocation: location)
      let cached = slots[segment.slot] ?? []
      try #require(segment.start <= cached.count, "a gap before the rows", sourceLocation: location)
      var states = Array(cached.prefix(segment.start))
      for token in dispatch.tokens[hidden.count..<(hidden.count + segment.count)] {
        states.append(FakeModel.next(states.last ?? 0, token))
        hidden.append(states.last!)
      }
      slots[segment.slot] = states
    }
    #expect(slots.values.reduce(0) { $0 + $1.count } <= positionBudget, "beyond the budget", sourceLocation: location)
    flights.append((dispatch, hidden))
  }

  /// What comes out of the far end.
  mutating func receive() -> (dispatch: Dispatch, hidden: [UInt64]) { flights.removeFirst() }
}

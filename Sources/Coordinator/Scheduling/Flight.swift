internal import MicroBatching

/// A micro-batch while it is put together and while it is in the pipe, and whose rows it carries.
struct Flight {
  struct Share {
    var arrival: Arrival
    /// Whether it is the one row of a sequence that is being written.
    var isStep: Bool
    /// Position behind its last row.
    var end: Int
  }

  let sequence: UInt64
  /// The one stage that computes it; nil for all.
  var refill: Int?
  private(set) var microBatch: MicroBatch
  /// In the order of the rows; those of cancelled requests are left out.
  var shares: [Share] = []

  init(sequence: UInt64, releasing slots: [Int]) {
    self.sequence = sequence
    microBatch = MicroBatch(releasing: slots)
  }

  /// Requests that were cancelled since it was put together.
  private var cancelled: [RequestID] = []

  /// Whose rows it carries, also those that nobody waits for any more.
  var riders: [RequestID] { shares.map(\.arrival.request) + cancelled }

  mutating func cancel(_ id: RequestID) {
    guard shares.contains(where: { $0.arrival.request == id }) else { return }
    shares.removeAll { $0.arrival.request == id }
    cancelled.append(id)
  }

  /// Whether any of its rows were asked for.
  var isWork: Bool { !shares.allSatisfy { $0.arrival.output == .probe } }
  var stepCount: Int { shares.count { $0.isStep } }

  mutating func append(_ chunk: Chunk, of id: RequestID, slot: Int, isStep: Bool, isLast: Bool) {
    let first = microBatch.rowCount
    microBatch.append(Segment(slot: slot, start: chunk.position, count: chunk.tokens.count))
    let rows = (first + chunk.rows.lowerBound)..<(first + chunk.rows.upperBound)
    let arrival = Arrival(request: id, rows: rows, start: chunk.start, output: chunk.output, isLast: isLast)
    shares.append(Share(arrival: arrival, isStep: isStep, end: chunk.position + chunk.tokens.count))
  }
}

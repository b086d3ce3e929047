import GPT2
import MicroBatching
import Pipeline
import Testing

@testable import Coordinator

/// Who is let in by a scheduler, and when.
@Suite struct AdmissionTests {
  private static func scheduler(
    slotCount: Int = 1, positionBudget: Int = 1000, inFlightLimit: Int = 1, waitingLimit: Int = 100
  ) -> Scheduler {
    var pacing = Pacing(stageCount: 1, fixedRows: 512)
    pacing.inFlightLimit = inFlightLimit
    return Scheduler(
      slotCount: slotCount, positionBudget: positionBudget, pacing: pacing, waitingLimit: waitingLimit)
  }

  /// `positions` of the prompt, and one token for which there is no other row.
  private static func request(_ positions: Int) throws -> Work {
    .generate(
      try FakeModel.generation(Array(repeating: 1, count: positions), maximumTokens: 1, positionCount: 2000))
  }

  /// Sends a micro-batch and brings it back; the requests that ended with it.
  private static func step(_ scheduler: inout Scheduler) throws -> [UInt64] {
    guard let dispatch = scheduler.next() else { return [] }
    return scheduler.arrived(dispatch.sequence).map { arrival in
      let update = scheduler.accept(SampledToken(token: 1, logProbability: -1), for: arrival.request)
      #expect(update.finishReason == .length)
      return arrival.request.rawValue
    }
  }

  @Test func `a client with a thousand requests holds up another's one for one of them`() throws {
    var scheduler = Self.scheduler(waitingLimit: 2000)
    for id in 0..<1000 { try scheduler.submit(RequestID(UInt64(id)), Self.request(9), client: ClientID(7)) }
    #expect(try Self.step(&scheduler) == [0])
    try scheduler.submit(RequestID(5000), Self.request(9), client: ClientID(8))
    #expect(try (0..<3).map { _ in try Self.step(&scheduler) } == [[1], [5000], [2]])
  }

  @Test func `a large request is overtaken by no other client's while it is its turn`() throws {
    var scheduler = Self.scheduler(slotCount: 4, positionBudget: 100, inFlightLimit: 8)
    try scheduler.submit(RequestID(0), Self.request(60), client: ClientID(1))
    _ = scheduler.next()
    try scheduler.submit(RequestID(1), Self.request(50), client: ClientID(2))
    for id in 2..<6 { try scheduler.submit(RequestID(UInt64(id)), Self.request(1), client: ClientID(UInt64(id))) }
    #expect(scheduler.next() == nil && scheduler.running == 1 && scheduler.waiting == 5)
    #expect(scheduler.slots?.slotsUsed == 1 && scheduler.slots?.positionsUsed == 60)
    _ = scheduler.arrived(0)
    _ = scheduler.accept(SampledToken(token: 1, logProbability: -1), for: RequestID(0))
    let next = scheduler.next()
    // Not the order of admission but that of what is left to read: the large one is the last of those let in.
    #expect(next?.microBatch.segments.map(\.count) == [1, 1, 1, 50])
    #expect(scheduler.waiting == 1)
    #expect(scheduler.slots?.slotsUsed == 4 && scheduler.slots?.positionsUsed == 53)
  }

  @Test func `what the caches take by chunks is counted by chunks`() {
    var slots = SlotPool(slotCount: 8, positionBudget: 200, chunk: 64)
    #expect(slots.take(positions: 65) == 0 && slots.positionsUsed == 128)
    #expect(slots.take(positions: 64) == 1 && slots.positionsUsed == 192)
    #expect(slots.take(positions: 1) == nil)
    slots.giveBack(0)
    #expect(slots.positionsUsed == 64)
    #expect(slots.take(positions: 1) == 0 && slots.positionsUsed == 128)
    slots.giveBack(0)
    slots.giveBack(1)
    // All there is can be had by one, though it is no whole number of chunks.
    #expect(slots.take(positions: 200) == 0 && slots.positionsUsed == 200)
    #expect(slots.take(positions: 1) == nil)
    slots.giveBack(0)
    #expect(slots.positionsUsed == 0)
  }

  @Test("A large request has its turn while small ones keep coming", arguments: [true, false])
  func noStarvation(fromOneClient: Bool) throws {
    var scheduler = Self.scheduler(slotCount: 8, positionBudget: 100)
    for id in 0..<10 {
      try scheduler.submit(RequestID(UInt64(id)), Self.request(10), client: ClientID(fromOneClient ? 0 : UInt64(id)))
    }
    try scheduler.submit(RequestID(1000), Self.request(100), client: ClientID(fromOneClient ? 0 : 1000))
    for round in 0..<50 {
      let id = UInt64(10 + round)
      try scheduler.submit(RequestID(id), Self.request(10), client: ClientID(fromOneClient ? 0 : id))
      if try Self.step(&scheduler).contains(1000) {
        #expect(round <= 4)
        return
      }
    }
    Issue.record("it starved")
  }

  @Test func `beyond the limit requests fail at once, and those there is room for do not wait`() throws {
    var scheduler = Self.scheduler(slotCount: 4, waitingLimit: 2)
    for id in 0..<6 { try scheduler.submit(RequestID(UInt64(id)), Self.request(9)) }
    #expect(scheduler.running == 4 && scheduler.waiting == 2)
    let error = AdmissionError.tooManyWaiting(limit: 2)
    #expect(throws: error) { try scheduler.submit(RequestID(6), Self.request(9), client: ClientID(1)) }
    #expect(throws: AdmissionError.beyondBudget(positions: 1001, budget: 1000)) {
      try scheduler.submit(RequestID(6), Self.request(1001))
    }
    scheduler.cancel(RequestID(5))
    try scheduler.submit(RequestID(6), Self.request(9))
    #expect(throws: error) { try scheduler.submit(RequestID(7), Self.request(9)) }
    var ended: [UInt64] = []
    while scheduler.running + scheduler.waiting > 0 { ended += try Self.step(&scheduler) }
    #expect(ended.sorted() == [0, 1, 2, 3, 4, 6])
    #expect(scheduler.slots?.slotsUsed == 0 && scheduler.slots?.positionsUsed == 0)
  }

  @Test func `statistics say who runs, who waits and what they take`() throws {
    let box = StatisticsBox(timelineLimit: 0)
    var scheduler = Scheduler()
    for id in 0..<5 { try scheduler.submit(RequestID(UInt64(id)), Self.request(20 + id)) }
    box.occupied(by: scheduler)
    #expect(box.snapshot().requestsWaiting == 5 && box.snapshot().slotCount == 0)
    let refused = scheduler.begin(slotCount: 2, positionBudget: 1000, pacing: Pacing(stageCount: 1))
    #expect(refused.isEmpty)
    _ = scheduler.next()
    box.occupied(by: scheduler)
    let statistics = box.snapshot()
    #expect(statistics.requestsRunning == 2 && statistics.requestsWaiting == 3)
    #expect(statistics.slotsUsed == 2 && statistics.slotCount == 2)
    #expect(statistics.positionsUsed == 41 && statistics.positionBudget == 1000)
    // What is now stays what is now, whatever it is compared with.
    #expect(statistics.since(statistics).requestsRunning == 2)
  }

  @Test func `requests wait until there is a pipe, and those that it can never hold are told`() throws {
    var scheduler = Scheduler(waitingLimit: 4)
    for (id, tokens) in [9, 30, 10, 40].enumerated() {
      try scheduler.submit(RequestID(UInt64(id)), Self.request(tokens), client: ClientID(UInt64(id % 2)))
    }
    #expect(throws: AdmissionError.tooManyWaiting(limit: 4)) { try scheduler.submit(RequestID(9), Self.request(5)) }
    #expect(scheduler.next() == nil && scheduler.waiting == 4 && scheduler.slots == nil)
    let refused = scheduler.begin(slotCount: 4, positionBudget: 20, pacing: Pacing(stageCount: 1))
    #expect(refused.map(\.id) == [RequestID(1), RequestID(3)])
    for (_, error) in refused {
      guard case .beyondBudget(_, budget: 20) = error else {
        Issue.record("\(error)")
        return
      }
    }
    #expect(scheduler.next() != nil && scheduler.running == 2)
  }

  @Test func `a probe goes through the pipe and is no work`() throws {
    let box = StatisticsBox(timelineLimit: 0)
    var scheduler = Self.scheduler(slotCount: 2)
    try scheduler.submit(RequestID(0), .embed(.probe))
    let first = scheduler.next()
    let probe = try #require(first)
    #expect(probe.tokens == [0] && !probe.isWork && scheduler.isProbing)
    box.occupied(by: scheduler)
    #expect(box.snapshot().requestsRunning == 0 && box.snapshot().slotsUsed == 0 && box.snapshot().positionsUsed == 0)
    let arrivals = scheduler.arrived(probe.sequence)
    #expect(arrivals.count == 1 && arrivals[0].output == .probe && arrivals[0].isLast)
    try scheduler.submit(RequestID(1), Self.request(9))
    let second = scheduler.next()
    #expect(second?.isWork == true && !scheduler.isProbing)
    box.occupied(by: scheduler)
    #expect(box.snapshot().requestsRunning == 1)
  }
}

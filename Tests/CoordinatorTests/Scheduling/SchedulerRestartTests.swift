import GPT2
import MicroBatching
import Pipeline
import Testing

@testable import Coordinator

/// What becomes of requests when the pipe is lost and there is another.
@Suite("A scheduler whose pipe is lost") struct SchedulerRestartTests {
  static let positionCount = 4096

  static func pacing(inFlightLimit: Int = 3, rows: Int? = 8) -> Pacing {
    var pacing = Pacing(stageCount: 2, fixedRows: rows)
    pacing.inFlightLimit = inFlightLimit
    return pacing
  }

  static func scheduler(
    slotCount: Int = 8, positionBudget: Int = 1 << 16, inFlightLimit: Int = 3, rows: Int? = 8
  ) -> Scheduler {
    Scheduler(
      slotCount: slotCount, positionBudget: positionBudget, pacing: pacing(inFlightLimit: inFlightLimit, rows: rows))
  }

  static func prompt(_ count: Int) -> [Int] { (0..<count).map { $0 % 90 } }

  static func generation(prompt count: Int, tokens: Int = 100) throws -> Work {
    .generate(try FakeModel.generation(prompt(count), maximumTokens: tokens, positionCount: positionCount))
  }

  static func reading(_ count: Int) throws -> Work {
    .embed(try Reading(prompt(count), configuration: FakeModel.configuration(positionCount: positionCount)))
  }

  static func fill(_ scheduler: inout Scheduler) -> [Dispatch] {
    var dispatches: [Dispatch] = []
    while let dispatch = scheduler.next() { dispatches.append(dispatch) }
    return dispatches
  }

  /// Brings one micro-batch back, and gives every generation that asks for one the token 1.
  @discardableResult
  static func arrive(_ scheduler: inout Scheduler) throws -> [Arrival] {
    let arrivals = scheduler.arrived(try #require(scheduler.oldest).sequence)
    for arrival in arrivals where arrival.output == .nextToken {
      _ = scheduler.accept(SampledToken(token: 1, logProbability: -1), for: arrival.request)
    }
    return arrivals
  }

  static func run(_ scheduler: inout Scheduler, for count: Int) throws {
    for _ in 0..<count {
      _ = fill(&scheduler)
      try arrive(&scheduler)
    }
  }

  static func begin(
    _ scheduler: inout Scheduler, slotCount: Int = 8, positionBudget: Int = 1 << 16, caches: KeptCaches? = nil
  ) -> [(id: RequestID, error: AdmissionError)] {
    scheduler.begin(slotCount: slotCount, positionBudget: positionBudget, pacing: pacing(), caches: caches)
  }

  @Test func `says whose rows were in flight, sends nothing meanwhile, and reads a text's tokens again`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 3))
    try Self.run(&scheduler, for: 4)
    _ = Self.fill(&scheduler)
    try scheduler.submit(RequestID(2), Self.reading(5))
    _ = Self.fill(&scheduler)
    #expect(scheduler.suspend() == [[RequestID(1)], [RequestID(2)]])
    #expect(scheduler.inFlight == 0 && scheduler.slots == nil && scheduler.next() == nil)
    #expect(scheduler.running == 2 && !scheduler.isIdle)
    // Who asks meanwhile waits behind them.
    try scheduler.submit(RequestID(3), Self.reading(1))
    #expect(Self.begin(&scheduler).isEmpty)
    let dispatches = Self.fill(&scheduler)
    // Prompt and tokens, from position 0 of a slot; the numbers of micro-batches go on.
    #expect(dispatches.map(\.tokens) == [[0, 1, 2, 1, 1, 1, 1] + [0], [1, 2, 3, 4] + [0]])
    #expect(dispatches.map(\.sequence) == [6, 7])
    #expect(dispatches[0].microBatch.segments[0] == Segment(slot: 0, start: 0, count: 7))
    #expect(scheduler.replayedRows == 7 + 5)
    let arrivals = try Self.arrive(&scheduler)
    #expect(arrivals.map(\.output) == [.nextToken, .hidden(withLogits: false)] && arrivals[0].start == 6)
    // It goes on where it was.
    #expect(scheduler.generation(of: RequestID(1))?.tokens.count == 5)
    #expect(Self.fill(&scheduler).first?.tokens == [1])
  }

  @Test func `a token that was to be chosen is chosen anew`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 3))
    _ = Self.fill(&scheduler)
    #expect(scheduler.arrived(0).map(\.output) == [.nextToken])
    #expect(scheduler.suspend().isEmpty)
    _ = Self.begin(&scheduler)
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2]])
    #expect(try Self.arrive(&scheduler).map(\.output) == [.nextToken])
    #expect(scheduler.generation(of: RequestID(1))?.tokens.count == 1)
  }

  @Test func `rows that the reader has are read again, and not delivered again`() throws {
    var scheduler = Self.scheduler(inFlightLimit: 8)
    try scheduler.submit(RequestID(1), Self.reading(30))
    #expect(Self.fill(&scheduler).map(\.tokens.count) == [8, 8, 8, 6])
    for start in [0, 8] { #expect(try Self.arrive(&scheduler).map(\.start) == [start]) }
    #expect(scheduler.suspend() == [[RequestID(1)], [RequestID(1)]])
    _ = scheduler.begin(
      slotCount: 1, positionBudget: 64, pacing: Self.pacing(inFlightLimit: 8, rows: 12))
    #expect(Self.fill(&scheduler).map(\.tokens.count) == [12, 12, 6])
    var rows: [Int] = []
    var outputs: [Output] = []
    for _ in 0..<3 {
      for arrival in try Self.arrive(&scheduler) {
        outputs.append(arrival.output)
        if arrival.output != .nothing { rows += arrival.start..<(arrival.start + arrival.rows.count) }
      }
    }
    #expect(outputs == [.nothing, .hidden(withLogits: false), .hidden(withLogits: false)])
    #expect(rows == Array(16..<30))
    #expect(scheduler.running == 0)
  }

  @Test func `those that are written go first, the fewest tokens first; then what was begun, and then who came after`()
    throws
  {
    var scheduler = Self.scheduler(inFlightLimit: 16)
    try scheduler.submit(RequestID(1), Self.reading(100))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 6))
    try scheduler.submit(RequestID(3), Self.generation(prompt: 4))
    for _ in 0..<6 {
      _ = Self.fill(&scheduler)
      try Self.arrive(&scheduler)
    }
    try scheduler.submit(RequestID(4), Self.reading(2))
    _ = scheduler.suspend()
    _ = Self.begin(&scheduler, slotCount: 2)
    #expect(scheduler.suspended == [RequestID(3), RequestID(2), RequestID(1)])
    // Two slots: those that are written. Nobody overtakes the third.
    #expect(Self.fill(&scheduler).first?.microBatch.segments.map(\.slot) == [0, 1])
    #expect(scheduler.suspended == [RequestID(1)] && scheduler.waiting == 1)
  }

  @Test func `what was lost twice is read again once, and counted twice`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 6))
    try Self.run(&scheduler, for: 2)
    for _ in 0..<2 {
      _ = scheduler.suspend()
      _ = Self.begin(&scheduler)
      #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2, 3, 4, 5, 1, 1]])
    }
    // The newest token had not been sent before.
    #expect(scheduler.replayedRows == 7 + 8)
  }

  // MARK: Less room

  @Test func `with less room some wait, and none fails for it`() throws {
    var scheduler = Self.scheduler(positionBudget: 100)
    // Forty positions each.
    for id in 1...2 as ClosedRange<UInt64> {
      try scheduler.submit(RequestID(id), Self.generation(prompt: Int(id), tokens: 41 - Int(id)))
    }
    try Self.run(&scheduler, for: 6)
    _ = scheduler.suspend()
    #expect(Self.begin(&scheduler, positionBudget: 50).isEmpty)
    _ = Self.fill(&scheduler)
    #expect(scheduler.slots?.slotsUsed == 1 && scheduler.suspended == [RequestID(2)] && scheduler.running == 2)
    #expect(scheduler.marks.contains(.suspendedWaits))
    var ended: [Int] = []
    for _ in 0..<200 where scheduler.running > 0 {
      _ = Self.fill(&scheduler)
      let before = scheduler.running
      try Self.arrive(&scheduler)
      if scheduler.running < before { ended.append(scheduler.running) }
    }
    #expect(ended == [1, 0])
  }

  @Test func `what can never fit fails by name, whether it ran or waited`() throws {
    var scheduler = Self.scheduler(positionBudget: 200)
    try scheduler.submit(RequestID(1), Self.generation(prompt: 10, tokens: 91))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 10, tokens: 5))
    try Self.run(&scheduler, for: 5)
    try scheduler.submit(RequestID(3), Self.reading(99))
    _ = scheduler.suspend()
    let refused = Self.begin(&scheduler, positionBudget: 50)
    #expect(refused.map(\.id) == [RequestID(1), RequestID(3)])
    #expect(
      refused.map(\.error) == [
        .beyondBudget(positions: 100, budget: 50), .beyondBudget(positions: 99, budget: 50),
      ])
    #expect(scheduler.running == 1 && scheduler.waiting == 0)
    #expect(Self.fill(&scheduler).first?.microBatch.segments.map(\.slot) == [0])
  }

  @Test func `one that is cancelled meanwhile takes no slot, and gives none back`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 3))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 4))
    try Self.run(&scheduler, for: 3)
    _ = scheduler.suspend()
    scheduler.cancel(RequestID(1))
    #expect(scheduler.running == 1)
    _ = Self.begin(&scheduler)
    #expect(scheduler.suspended == [RequestID(2)])
    #expect(Self.fill(&scheduler).map(\.microBatch.segments.count) == [1])
    #expect(scheduler.slots?.slotsUsed == 1 && scheduler.slots?.released == [])
    // The id is free.
    scheduler.cancel(RequestID(2))
    try scheduler.submit(RequestID(1), Self.reading(1))
  }

  @Test func `one that is held stays so, and is read again when it is not`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 3))
    try Self.run(&scheduler, for: 1)
    scheduler.hold(RequestID(1))
    _ = scheduler.suspend()
    _ = Self.begin(&scheduler)
    #expect(Self.fill(&scheduler).isEmpty)
    scheduler.resume(RequestID(1))
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2, 1]])
  }

  @Test func `slots that were to be given back are forgotten with the caches that had them`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.reading(3))
    _ = Self.fill(&scheduler)
    try Self.arrive(&scheduler)
    #expect(!scheduler.isIdle)
    _ = scheduler.suspend()
    #expect(scheduler.isIdle)
    _ = Self.begin(&scheduler)
    #expect(scheduler.isIdle && scheduler.next() == nil)
  }
}

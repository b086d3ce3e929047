import GPT2
import MicroBatching
import Pipeline
import Testing

@testable import Coordinator

/// What becomes of requests when the pipe is lost and there is another.
@Suite("A scheduler whose pipe is lost") struct SchedulerRestartTests {
  private static let positionCount = 4096

  private static func pacing(inFlightLimit: Int = 3, rows: Int? = 8) -> Pacing {
    var pacing = Pacing(stageCount: 2, fixedRows: rows)
    pacing.inFlightLimit = inFlightLimit
    return pacing
  }

  private static func scheduler(
    slotCount: Int = 8, positionBudget: Int = 1 << 16, inFlightLimit: Int = 3, rows: Int? = 8
  ) -> Scheduler {
    Scheduler(
      slotCount: slotCount, positionBudget: positionBudget, pacing: pacing(inFlightLimit: inFlightLimit, rows: rows))
  }

  private static func prompt(_ count: Int) -> [Int] { (0..<count).map { $0 % 90 } }

  private static func generation(prompt count: Int, tokens: Int = 100) throws -> Work {
    .generate(try FakeModel.generation(prompt(count), maximumTokens: tokens, positionCount: positionCount))
  }

  private static func reading(_ count: Int) throws -> Work {
    .embed(try Reading(prompt(count), configuration: FakeModel.configuration(positionCount: positionCount)))
  }

  private static func fill(_ scheduler: inout Scheduler) -> [Dispatch] {
    var dispatches: [Dispatch] = []
    while let dispatch = scheduler.next() { dispatches.append(dispatch) }
    return dispatches
  }

  /// Brings one micro-batch back, and gives every generation that asks for one the token 1.
  @discardableResult
  private static func arrive(_ scheduler: inout Scheduler) throws -> [Arrival] {
    let arrivals = scheduler.arrived(try #require(scheduler.oldest).sequence)
    for arrival in arrivals where arrival.output == .nextToken {
      _ = scheduler.accept(SampledToken(token: 1, logProbability: -1), for: arrival.request)
    }
    return arrivals
  }

  private static func run(_ scheduler: inout Scheduler, for count: Int) throws {
    for _ in 0..<count {
      _ = fill(&scheduler)
      try arrive(&scheduler)
    }
  }

  private static func begin(
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

  // MARK: Who is to blame

  @Test func `a request alone in the hand of a second worker that died is to blame, and nobody beside it`() throws {
    for isAlone in [true, false] {
      var scheduler = Self.scheduler()
      for id in 1...2 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), Self.generation(prompt: 2)) }
      _ = Self.fill(&scheduler)
      #expect(scheduler.died(with: [RequestID(1), RequestID(2)], alone: false) == nil)
      // The first time is mostly chance.
      #expect(scheduler.suspects.isEmpty)
      let blamed = scheduler.died(with: isAlone ? [RequestID(1)] : [RequestID(1), RequestID(2)], alone: isAlone)
      #expect(blamed == (isAlone ? RequestID(1) : nil))
      #expect(scheduler.suspects == (isAlone ? [RequestID(1)] : [RequestID(1), RequestID(2)]))
      #expect(scheduler.convict(RequestID(1)) == isAlone && !scheduler.convict(RequestID(2)))
      #expect(scheduler.running == (isAlone ? 1 : 2))
    }
  }

  @Test func `who is accused rests until the worker comes again, and others go on`() throws {
    var scheduler = Self.scheduler()
    for id in 1...2 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), Self.generation(prompt: 2)) }
    _ = Self.fill(&scheduler)
    _ = scheduler.suspend()
    for _ in 0..<2 { _ = scheduler.died(with: [RequestID(1)], alone: true) }
    _ = Self.begin(&scheduler)
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1]])
    #expect(try Self.arrive(&scheduler).map(\.request) == [RequestID(2)])
    scheduler.exonerate([RequestID(1)])
    #expect(!scheduler.convict(RequestID(1)) && scheduler.running == 2)
    #expect(Self.fill(&scheduler).contains { $0.tokens.suffix(2) == [0, 1] })
  }

  @Test func `rows that came since are no worker's death`() throws {
    var scheduler = Self.scheduler(rows: 2)
    try scheduler.submit(RequestID(1), Self.reading(9))
    _ = Self.fill(&scheduler)
    #expect(scheduler.died(with: [RequestID(1)], alone: true) == nil)
    try Self.arrive(&scheduler)
    #expect(scheduler.died(with: [RequestID(1)], alone: true) == nil)
    #expect(scheduler.died(with: [RequestID(1)], alone: true) == RequestID(1))
  }

  @Test func `who was cancelled meanwhile was in the worker's hand as well`() throws {
    var scheduler = Self.scheduler()
    for id in 1...2 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), Self.generation(prompt: 2)) }
    _ = Self.fill(&scheduler)
    scheduler.cancel(RequestID(1))
    #expect(scheduler.suspend() == [[RequestID(2), RequestID(1)]])
  }

  @Test func `one that has ended is not to blame, nor is who was beside it`() throws {
    var scheduler = Self.scheduler()
    for id in 1...2 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), Self.generation(prompt: 2)) }
    _ = Self.fill(&scheduler)
    _ = scheduler.died(with: [RequestID(1), RequestID(2)], alone: false)
    scheduler.cancel(RequestID(2))
    // The other one may as well have been it.
    #expect(scheduler.died(with: [RequestID(1), RequestID(2)], alone: false) == nil)
    #expect(scheduler.suspects == [RequestID(1)])
    #expect(scheduler.died(with: [RequestID(9)], alone: true) == nil)
  }

  /// Three texts of which two are suspect, in another pipe.
  private static func suspicious() throws -> Scheduler {
    var scheduler = scheduler(rows: 2)
    for id in 1...3 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), generation(prompt: 3)) }
    for _ in 0..<2 {
      _ = fill(&scheduler)
      _ = scheduler.suspend()
      #expect(scheduler.died(with: [RequestID(1), RequestID(2)], alone: false) == nil)
      _ = begin(&scheduler)
    }
    return scheduler
  }

  @Test func `suspects go one at a time, all their rows and nobody else's, until they got on`() throws {
    var scheduler = try Self.suspicious()
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2]])
    #expect(scheduler.suspects == [RequestID(1), RequestID(2)])
    #expect(try Self.arrive(&scheduler).map(\.request) == [RequestID(1)])
    // It got on, and is one of many again; the other one is alone now.
    #expect(scheduler.suspects == [RequestID(2)])
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2]])
    #expect(try Self.arrive(&scheduler).map(\.request) == [RequestID(2)])
    #expect(scheduler.suspects.isEmpty)
    #expect(Self.fill(&scheduler).flatMap(\.tokens).count == 5)
    // Its deaths are forgotten.
    _ = scheduler.suspend()
    #expect(scheduler.died(with: [RequestID(1)], alone: true) == nil)
  }

  @Test func `suspects wait for what is in the pipe, and a cancelled or held one keeps nobody waiting`() throws {
    var scheduler = try Self.suspicious()
    scheduler.hold(RequestID(1))
    scheduler.hold(RequestID(2))
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2]])
    scheduler.resume(RequestID(1))
    #expect(scheduler.next() == nil && scheduler.marks.contains(.suspectWaits))
    #expect(try Self.arrive(&scheduler).map(\.request) == [RequestID(3)])
    #expect(Self.fill(&scheduler).map(\.tokens) == [[0, 1, 2]])
    scheduler.cancel(RequestID(1))
    #expect(!scheduler.suspects.contains(RequestID(1)))
    #expect(Self.fill(&scheduler).first?.tokens == [1])
  }

  @Test func `whoever was taken for dead and is there again clears who was blamed for it`() throws {
    var scheduler = try Self.suspicious()
    scheduler.exonerate([RequestID(1), RequestID(2), RequestID(3), RequestID(9)])
    #expect(scheduler.suspects.isEmpty)
    _ = Self.fill(&scheduler)
    // One death is left, and the next one is a second.
    #expect(scheduler.died(with: [RequestID(1)], alone: true) == RequestID(1))
    scheduler.exonerate([RequestID(2)])
    #expect(scheduler.died(with: [RequestID(2)], alone: true) == nil)
  }

  // MARK: Caches that are left

  @Test func `where all stages keep their caches, every text goes on with its newest token`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 3))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 20))
    try Self.run(&scheduler, for: 2)
    let cached = scheduler.requests.mapValues(\.cached)
    #expect(cached[RequestID(1)]! >= 3 && cached[RequestID(2)]! > 0 && cached[RequestID(2)]! < 20)
    _ = Self.fill(&scheduler)
    _ = scheduler.suspend()
    #expect(Self.begin(&scheduler, caches: KeptCaches(missing: nil, slots: 0)).isEmpty)
    let segments = Self.fill(&scheduler).flatMap(\.microBatch.segments)
    for (id, slot) in [(RequestID(1), 0), (RequestID(2), 1)] {
      #expect(segments.first { $0.slot == slot }?.start == cached[id])
    }
    #expect(scheduler.replayedRows == 0)
  }

  @Test func `the one stage that has lost its cache gets the rows again, the others go by, and both take turns`() throws
  {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 20))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 3))
    try Self.run(&scheduler, for: 6)
    let cached = scheduler.requests.mapValues(\.cached)
    _ = scheduler.suspend()
    #expect(Self.begin(&scheduler, caches: KeptCaches(missing: 1, slots: 8)).isEmpty)
    #expect(scheduler.isRefilling)
    var refilled: [Int: Int] = [:]
    var began: [Int: Int] = [:]
    for _ in 0..<10 {
      for dispatch in Self.fill(&scheduler) {
        for segment in dispatch.microBatch.segments {
          if dispatch.refill == nil {
            // Nobody goes on before its rows are on their way.
            let id = scheduler.requests.first { $0.value.slot == segment.slot }!.key
            if began[segment.slot] == nil { #expect(refilled[segment.slot] == cached[id]) }
            began[segment.slot] = began[segment.slot] ?? segment.start
          } else {
            #expect(dispatch.refill == 1 && segment.start == refilled[segment.slot, default: 0])
            refilled[segment.slot] = segment.start + segment.count
          }
        }
      }
      try Self.arrive(&scheduler)
    }
    #expect(!scheduler.isRefilling && began.count == 2)
    #expect(scheduler.replayedRows == cached.values.reduce(0, +))
  }

  @Test func `slots of which nothing was kept are read again, and give their place to the first in line`() throws {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(1), Self.generation(prompt: 3))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 4))
    try Self.run(&scheduler, for: 3)
    _ = scheduler.suspend()
    _ = Self.begin(&scheduler, caches: KeptCaches(missing: 1, slots: 1))
    #expect(scheduler.refilling == [RequestID(1)] && scheduler.suspended == [RequestID(2)])
    _ = Self.fill(&scheduler)
    #expect(scheduler.slots?.slotsUsed == 2)
  }

  @Test func `with less room requests go on where all of them have room, and else begin anew one by one`() throws {
    for isEnough in [true, false] {
      var scheduler = Self.scheduler(positionBudget: 400)
      for id in 1...2 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), Self.generation(prompt: 3)) }
      try Self.run(&scheduler, for: 3)
      let used = try #require(scheduler.slots?.positionsUsed)
      _ = scheduler.suspend()
      let budget = isEnough ? used : used - 1
      #expect(scheduler.hasRoom(in: budget) == isEnough)
      #expect(Self.begin(&scheduler, positionBudget: budget, caches: KeptCaches(missing: nil, slots: 8)).isEmpty)
      #expect(scheduler.slots?.positionsUsed == (isEnough ? used : 0))
      #expect((Self.fill(&scheduler).first?.microBatch.segments.first?.start == 0) != isEnough)
      #expect(scheduler.suspended.count == (isEnough ? 0 : 1))
    }
  }

  @Test func `what is filled anew gives no slots back, and nobody dies of it`() throws {
    var scheduler = Self.scheduler()
    for id in 1...2 as ClosedRange<UInt64> { try scheduler.submit(RequestID(id), Self.generation(prompt: 3)) }
    try Self.run(&scheduler, for: 3)
    _ = scheduler.suspend()
    scheduler.cancel(RequestID(1))
    _ = Self.begin(&scheduler, caches: KeptCaches(missing: 1, slots: 8))
    let next = scheduler.next()
    let dispatch = try #require(next)
    #expect(dispatch.refill == 1 && dispatch.microBatch.releasedSlots.isEmpty)
    #expect(scheduler.suspend() == [nil])
  }

  @Test func `who got on between two deaths is not to blame`() throws {
    var scheduler = Self.scheduler()
    let scoring = try Scoring(
      Array(1...90), window: 60, stride: 30, configuration: FakeModel.configuration(positionCount: 64))
    try scheduler.submit(RequestID(1), .score(scoring))
    let next = scheduler.next()
    let first = try #require(next)
    #expect(scheduler.died(with: [RequestID(1)], alone: true) == nil && scheduler.requests[RequestID(1)]?.deaths == 1)
    #expect(scheduler.arrived(first.sequence).contains { $0.output != .nothing })
    #expect(scheduler.requests[RequestID(1)]?.deaths == 0)
  }
}

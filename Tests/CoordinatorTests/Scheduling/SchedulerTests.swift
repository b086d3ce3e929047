import GPT2
import MicroBatching
import Pipeline
import Testing

@testable import Coordinator

@Suite struct SchedulerTests {
  private static func scheduler(
    slotCount: Int = 16, positionBudget: Int = 1 << 20, inFlightLimit: Int = 3, rows: Int? = 128
  ) -> Scheduler {
    Scheduler(
      slotCount: slotCount, positionBudget: positionBudget, pacing: pacing(inFlightLimit: inFlightLimit, rows: rows))
  }

  private static func pacing(inFlightLimit: Int, rows: Int? = 128) -> Pacing {
    var pacing = Pacing(stageCount: 2, fixedRows: rows)
    pacing.inFlightLimit = inFlightLimit
    return pacing
  }

  private static func prompt(_ count: Int) -> [Int] { (0..<count).map { $0 % 90 } }

  private static func generation(prompt count: Int, tokens: Int = 1000) throws -> Work {
    .generate(try FakeModel.generation(prompt(count), maximumTokens: tokens, positionCount: 8192))
  }

  private static func reading(_ count: Int) throws -> Work {
    .embed(try Reading(prompt(count), configuration: FakeModel.configuration(positionCount: 8192)))
  }

  private static let token = SampledToken(token: 1, logProbability: -1)

  /// Brings one micro-batch back, and gives every generation that asks for one a token.
  @discardableResult
  private static func arrive(_ scheduler: inout Scheduler) throws -> [Arrival] {
    let arrivals = scheduler.arrived(try #require(scheduler.oldest).sequence)
    for arrival in arrivals where arrival.output == .nextToken {
      _ = scheduler.accept(token, for: arrival.request)
    }
    return arrivals
  }

  private static func fill(_ scheduler: inout Scheduler) -> [Dispatch] {
    var dispatches: [Dispatch] = []
    while let dispatch = scheduler.next() { dispatches.append(dispatch) }
    return dispatches
  }

  // MARK: Admission

  @Test func `a request beyond the budget is refused with both numbers`() throws {
    var scheduler = Self.scheduler(positionBudget: 50)
    // The last token is never read, so that 40 + 11 tokens need 50 positions.
    try scheduler.submit(RequestID(1), Self.generation(prompt: 40, tokens: 11))
    let error = AdmissionError.beyondBudget(positions: 51, budget: 50)
    #expect(throws: error) { try scheduler.submit(RequestID(2), Self.generation(prompt: 40, tokens: 12)) }
    #expect(throws: error) { try scheduler.submit(RequestID(2), Self.reading(51)) }
    #expect("\(error)".contains("51") && "\(error)".contains("50"))
    #expect(scheduler.waiting == 1)
  }

  @Test func `a large request is not overtaken by smaller ones, and a cancelled one makes way`() throws {
    var scheduler = Self.scheduler(positionBudget: 100)
    try scheduler.submit(RequestID(0), Self.generation(prompt: 40, tokens: 21))
    try scheduler.submit(RequestID(1), Self.generation(prompt: 40, tokens: 11))
    try scheduler.submit(RequestID(2), Self.reading(1))
    _ = Self.fill(&scheduler)
    #expect(scheduler.running == 1 && scheduler.waiting == 2)
    scheduler.cancel(RequestID(1))
    #expect(Self.fill(&scheduler).map(\.tokens.count) == [1])
    #expect(scheduler.running == 2 && scheduler.waiting == 0)
  }

  @Test func `a reading's slot has its next owner while its rows are still on their way`() throws {
    var scheduler = Self.scheduler(slotCount: 1)
    for id in 0..<3 { try scheduler.submit(RequestID(UInt64(id)), Self.reading(20 + id)) }
    let dispatches = Self.fill(&scheduler)
    #expect(dispatches.map(\.microBatch.segments) == (0..<3).map { [Segment(slot: 0, start: 0, count: 20 + $0)] })
    #expect(dispatches.map(\.microBatch.releasedSlots) == [[], [0], [0]])
  }

  // MARK: Cancelling

  @Test func `a cancelled request's rows mean nothing, and its slot goes back by itself when nothing else flows`()
    throws
  {
    var scheduler = Self.scheduler()
    try scheduler.submit(RequestID(0), Self.generation(prompt: 5))
    #expect(Self.fill(&scheduler).count == 1)
    scheduler.cancel(RequestID(0))
    #expect(scheduler.next() == nil)
    #expect(try Self.arrive(&scheduler).isEmpty)
    let next = scheduler.next()
    let release = try #require(next)
    #expect(release.microBatch == MicroBatch(releasing: [0]) && release.tokens.isEmpty)
    #expect(!scheduler.isIdle)
    #expect(try Self.arrive(&scheduler).isEmpty)
    #expect(scheduler.isIdle)
    scheduler.cancel(RequestID(0))
    #expect(scheduler.next() == nil)
  }

  @Test func `an id and a slot can be used again while rows of their last owner are on their way`() throws {
    var scheduler = Self.scheduler(slotCount: 1)
    try scheduler.submit(RequestID(0), Self.generation(prompt: 5))
    _ = Self.fill(&scheduler)
    scheduler.cancel(RequestID(0))
    try scheduler.submit(RequestID(0), Self.generation(prompt: 7))
    let next = scheduler.next()
    let second = try #require(next)
    #expect(second.microBatch == MicroBatch([Segment(slot: 0, start: 0, count: 7)], releasing: [0]))
    #expect(try Self.arrive(&scheduler).isEmpty)
    #expect(try Self.arrive(&scheduler).map(\.start) == [6])
  }

  // MARK: Holding

  @Test func `a held request sends nothing, keeps nobody up, and goes on where it was`() throws {
    var scheduler = Self.scheduler(rows: 8)
    try scheduler.submit(RequestID(0), Self.reading(40))
    try scheduler.submit(RequestID(1), Self.generation(prompt: 2))
    try scheduler.submit(RequestID(2), Self.generation(prompt: 2))
    _ = Self.fill(&scheduler)
    scheduler.hold(RequestID(0))
    scheduler.hold(RequestID(1))
    for _ in 0..<4 {
      try Self.arrive(&scheduler)
      _ = Self.fill(&scheduler)
    }
    let before = try #require(scheduler.generation(of: RequestID(1)))
    for _ in 0..<10 {
      #expect(try Self.arrive(&scheduler).map(\.request) == [RequestID(2)])
      #expect(Self.fill(&scheduler).map(\.tokens.count) == [1])
    }
    #expect(scheduler.generation(of: RequestID(1))?.sequence == before.sequence)
    scheduler.resume(RequestID(0))
    scheduler.resume(RequestID(1))
    var read = 0
    while read < 2, let dispatch = scheduler.next() {
      read += dispatch.microBatch.segments.count { $0.slot != 2 && $0.start > 0 }
    }
    #expect(read == 2)
  }

  // MARK: Groups

  @Test(
    "Sequences being written are dealt into even groups, however they came",
    arguments: 1...5, [(1, 0), (2, 0), (3, 4), (5, 0), (7, 2), (8, 8), (13, 1), (1, 12)])
  func evenGroups(inFlightLimit: Int, counts: (first: Int, later: Int)) throws {
    var scheduler = Self.scheduler(inFlightLimit: inFlightLimit)
    for id in 0..<counts.first { try scheduler.submit(RequestID(UInt64(id)), Self.generation(prompt: 1)) }
    _ = Self.fill(&scheduler)
    for _ in 0..<inFlightLimit where scheduler.inFlight > 0 {
      try Self.arrive(&scheduler)
      _ = Self.fill(&scheduler)
    }
    for id in 0..<counts.later { try scheduler.submit(RequestID(UInt64(100 + id)), Self.generation(prompt: 1)) }
    var sizes: [Int] = []
    for _ in 0..<(8 * inFlightLimit) {
      sizes += Self.fill(&scheduler).map(\.tokens.count)
      try Self.arrive(&scheduler)
    }
    let running = counts.first + counts.later
    let groupCount = Self.pacing(inFlightLimit: inFlightLimit).groupCount(running: running)
    let expected = (0..<groupCount).map { (running + $0) / groupCount }
    #expect(sizes.suffix(groupCount).sorted() == expected)
  }

  @Test func `groups become even again when one has ended`() throws {
    var scheduler = Self.scheduler(inFlightLimit: 2)
    // Of each pair of sequences one goes on; by the order of arrival one whole group ends.
    for id in 0..<8 {
      try scheduler.submit(RequestID(UInt64(id)), Self.generation(prompt: 1, tokens: id < 4 ? 4 : 900))
    }
    var sizes: [Int] = []
    for _ in 0..<40 {
      sizes += Self.fill(&scheduler).map(\.tokens.count)
      try Self.arrive(&scheduler)
    }
    #expect(scheduler.running == 4)
    #expect(sizes.suffix(4) == [2, 2, 2, 2])
  }

  // MARK: Sharing the pipe

  @Test("A long prompt stalls no sequence being written", arguments: [1, 2, 4], [nil, 1, 16])
  func stepsGoOn(inFlightLimit: Int, rows: Int?) throws {
    var scheduler = Self.scheduler(inFlightLimit: inFlightLimit, rows: rows)
    try scheduler.submit(RequestID(0), Self.generation(prompt: 1))
    _ = Self.fill(&scheduler)
    try Self.arrive(&scheduler)
    try scheduler.submit(RequestID(1), Self.reading(1000))
    var waited = 0
    while scheduler.running == 2 {
      for dispatch in Self.fill(&scheduler) {
        waited = dispatch.microBatch.segments.contains { $0.slot == 0 } ? 0 : waited + 1
        // Where a micro-batch is a single row, prompts take turns with steps.
        #expect(waited <= (rows == 1 ? inFlightLimit : inFlightLimit - 1))
      }
      try Self.arrive(&scheduler)
    }
  }

  @Test("Many sequences being written leave prompts their share", arguments: [1, 8, 31, 32])
  func promptsGoOn(rows: Int) throws {
    var scheduler = Self.scheduler(slotCount: 40, inFlightLimit: 1, rows: rows)
    for id in 0..<32 { try scheduler.submit(RequestID(UInt64(id)), Self.generation(prompt: 1)) }
    for _ in 0..<200 {
      _ = Self.fill(&scheduler)
      try Self.arrive(&scheduler)
    }
    try scheduler.submit(RequestID(99), Self.reading(10 * rows))
    var count = 0
    while scheduler.running == 33 || scheduler.waiting > 0 {
      count += Self.fill(&scheduler).count
      try Self.arrive(&scheduler)
    }
    #expect(count <= 21)
  }

  @Test func `long prompts take turns while short ones keep coming`() throws {
    var scheduler = Self.scheduler(rows: 32)
    for id in 0..<4 { try scheduler.submit(RequestID(UInt64(id)), Self.reading(2000)) }
    var waited = [0, 0, 0, 0]
    var next: UInt64 = 100
    for _ in 0..<300 {
      for _ in 0..<2 {
        try scheduler.submit(RequestID(next), Self.reading(31))
        next += 1
      }
      for dispatch in Self.fill(&scheduler) {
        for slot in 0..<4 {
          let rows = dispatch.microBatch.segments.first { $0.slot == slot }?.count ?? 0
          waited[slot] = rows >= 16 ? 0 : waited[slot] + 1
        }
        #expect(waited.max()! < 16)
      }
      try Self.arrive(&scheduler)
    }
  }

  @Test(
    "A short prompt's first token comes soon while a long one is read",
    arguments: [1, 2, 4], [32, 64, 100])
  func shortPrompt(stages: Int, rows: Int) throws {
    func time(beside count: Int, at arrival: Double) throws -> Double {
      var pipe = TimedPipe(stageCount: stages, rows: rows)
      if count > 0 { try pipe.scheduler.submit(RequestID(0), Self.generation(prompt: count)) }
      pipe.run { pipe in pipe.now >= arrival }
      let start = pipe.now
      try pipe.scheduler.submit(RequestID(1), Self.generation(prompt: rows))
      pipe.run { pipe in pipe.scheduler.generation(of: RequestID(1))?.samples.isEmpty == false }
      return pipe.now - start
    }
    let alone = try time(beside: 0, at: 0)
    for arrival in stride(from: 0.0, to: 800, by: 37) {
      #expect(try time(beside: 1000, at: arrival) <= 3 * alone)
    }
  }
}

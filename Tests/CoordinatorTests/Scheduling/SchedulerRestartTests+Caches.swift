import GPT2
import MicroBatching
import Pipeline
import Testing

@testable import Coordinator

/// What becomes of requests when the pipe is lost and there is another.
extension SchedulerRestartTests {
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
}

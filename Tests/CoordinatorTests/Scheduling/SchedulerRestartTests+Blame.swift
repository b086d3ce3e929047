import GPT2
import MicroBatching
import Pipeline
import Testing

@testable import Coordinator

/// What becomes of requests when the pipe is lost and there is another.
extension SchedulerRestartTests {
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

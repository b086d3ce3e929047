import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("What was observed of a pipe") struct StatisticsTests {
  private static let stages = [
    StageDescription(name: "attic", address: "tcp://a:1", layers: 0..<5, threads: 1, kernels: "avx2"),
    StageDescription(name: "cellar \"x\\y\"\n", address: "tcp://b:1", layers: 5..<12, threads: 2, kernels: "avx512"),
  ]

  /// Two micro-batches through two stages, times in microseconds from 1 s; the second stage's clock is ahead by a minute.
  private static func box(timelineLimit: Int = 100) -> StatisticsBox {
    let box = StatisticsBox(timelineLimit: timelineLimit)
    box.begin(stages)
    func at(_ microseconds: UInt64) -> Instant { Instant(nanoseconds: 1_000_000_000 + microseconds * 1000) }
    let offset: Int64 = 60_000_000_000
    func record(_ received: UInt64, _ computed: UInt64, waited: UInt64, sent: UInt64, ahead: Int64) -> StageRecord {
      StageRecord(
        received: (at(received) + .nanoseconds(ahead)).nanoseconds,
        computed: (at(computed) + .nanoseconds(ahead)).nanoseconds,
        waited: waited * 1000, sent: sent * 1000)
    }
    box.dispatched(0, rows: 8, at: at(0))
    box.embedded(0, width: 4, start: at(0), end: at(10))
    box.dispatched(1, rows: 4, at: at(10))
    box.embedded(1, width: 4, start: at(10), end: at(15))
    box.finished(
      0,
      records: [
        record(12, 112, waited: 12, sent: 0, ahead: 0), record(114, 164, waited: 9_999_999, sent: 0, ahead: offset),
      ], offsets: [0, offset], rows: 8, bytes: 128, start: at(170), end: at(190))
    box.finished(
      1,
      records: [
        record(113, 163, waited: 1, sent: 2, ahead: 0), record(166, 191, waited: 2, sent: 3, ahead: offset),
      ], offsets: [0, offset], rows: 4, bytes: 64, start: at(195), end: at(200))
    box.generated()
    return box
  }

  @Test("adds up for each station")
  func sums() {
    let statistics = Self.box().snapshot()
    let (first, second, coordinator) = (statistics.stages[0], statistics.stages[1], statistics.coordinator)
    #expect(first.name == "attic" && first.layers == 0..<5 && second.layers == 5..<12)
    for station in [first, second, coordinator] {
      #expect(station.microBatches == 2 && station.rows == 12 && station.bytesSent == 192)
    }
    #expect(first.compute == .microseconds(150) && second.compute == .microseconds(75))
    #expect(coordinator.compute == .microseconds(10 + 5 + 20 + 5))
    #expect(first.send == .microseconds(2) && second.send == .microseconds(3))
    // Of what it waited, only what was since the pipe had something to do.
    #expect(first.wait == .microseconds(13) && second.wait == .microseconds(190 + 2))
    #expect(statistics.elapsed == .microseconds(200))
    #expect(statistics.tokensGenerated == 1 && statistics.microBatchesInFlight == 0)
    #expect(first.busyShare(of: statistics.elapsed) == 0.75 && second.busyShare(of: statistics.elapsed) == 0.375)
    #expect(statistics.idleShare == 1 - (0.75 + 0.375) / 2)
    // (P − 1) / (M + P − 1) for P = 2 and M = 2.
    #expect(statistics.gpipeIdleShare == 1.0 / 3)
  }

  @Test("counts what is in flight, and no time in which nothing was")
  func pauses() {
    let box = StatisticsBox(timelineLimit: 0)
    box.begin([Self.stages[0]])
    let record = StageRecord(received: 0, computed: 10, waited: 1_000_000, sent: 0)
    for (sequence, start) in [(0, 1000), (1, 900_000)] as [(UInt64, Instant)] {
      box.dispatched(sequence, rows: 1, at: start)
      box.embedded(sequence, width: 1, start: start, end: start + .nanoseconds(5))
      #expect(box.snapshot().microBatchesInFlight == 1)
      box.finished(
        sequence, records: [record], offsets: [0], rows: 1, bytes: 4, start: start + .nanoseconds(50),
        end: start + .nanoseconds(60))
    }
    #expect(box.snapshot().microBatchesInFlight == 0)
    #expect(box.snapshot().elapsed == .nanoseconds(120))
    #expect(box.snapshot().stages[0].wait == .nanoseconds(120))
    #expect(box.timeline().microBatches.isEmpty)
  }

  @Test("counts nothing of what was no work, but that it came back")
  func probes() {
    let box = Self.box()
    let before = box.snapshot()
    let record = StageRecord(received: 5, computed: 25, waited: 3, sent: 4)
    box.finished(2, records: [record, record], offsets: [0, 0], rows: 1, bytes: 4, start: 40, end: 50)
    let after = box.snapshot()
    #expect(before.crossings == 2 && after.crossings == 3)
    #expect(after.stages == before.stages && after.coordinator == before.coordinator && after.elapsed == before.elapsed)
    #expect(box.timeline().microBatches.count == 2)
  }

  @Test("has interruptions, from the first loss to work going on")
  func interruptions() {
    for limit in [0, 100] {
      let box = Self.box(timelineLimit: limit)
      box.lost()
      box.interrupted(.init(reason: "a was lost", hasPlan: true))
      box.lost()
      box.interrupted(.init(reason: "another worker is waited for", hasPlan: false))
      #expect(box.snapshot().interruption?.hasPlan == false && box.snapshot().recoveries == 0)
      // Stages are ready again.
      box.begin(Self.stages)
      #expect(box.snapshot().interruption?.hasPlan == true)
      box.recovered(after: .nanoseconds(300), at: 2_000_000_900)
      let statistics = box.snapshot()
      #expect(statistics.interruption == nil && statistics.losses == 2 && statistics.recoveries == 1)
      #expect(statistics.recoveryTime == .nanoseconds(300))
      #expect(box.timeline().interruptions == (limit > 0 ? [2_000_000_600..<2_000_000_900] : []))
    }
  }

  @Test("tells nothing where nothing was done")
  func empty() {
    let statistics = PipelineStatistics()
    #expect(statistics.idleShare == 0 && statistics.gpipeIdleShare == 0)
    #expect(PipelineStatistics.Station(name: "a", layers: 0..<1).busyShare(of: .zero) == 0)
  }

  @Test("can be told since an earlier look")
  func since() {
    let earlier = Self.box().snapshot()
    let box = Self.box()
    let again = StageRecord(received: 5, computed: 25, waited: 3, sent: 4)
    box.dispatched(2, rows: 7, at: 2_000_000_000)
    box.embedded(2, width: 1, start: 2_000_000_000, end: 2_000_000_006)
    box.finished(
      2, records: [again, again], offsets: [0, 0], rows: 7, bytes: 28, start: 2_000_000_040, end: 2_000_000_050)
    let news = box.snapshot().since(earlier)
    #expect(news.elapsed == .nanoseconds(50) && news.tokensGenerated == 0)
    for stage in news.stages {
      #expect(stage.microBatches == 1 && stage.rows == 7 && stage.bytesSent == 28)
      #expect(stage.compute == .nanoseconds(20) && stage.wait == .nanoseconds(3) && stage.send == .nanoseconds(4))
    }
    #expect(news.coordinator.compute == .nanoseconds(16))
  }

  @Test("has every micro-batch on the coordinator's clock")
  func timeline() {
    let timeline = Self.box().timeline()
    #expect(timeline.stages == Self.stages && timeline.droppedCount == 0)
    #expect(timeline.microBatches.map(\.sequence) == [0, 1] && timeline.microBatches.map(\.rows) == [8, 4])
    let first = timeline.microBatches[0]
    func at(_ microseconds: Range<UInt64>) -> Range<Instant> {
      let start: Instant = 1_000_000_000
      return (start + .microseconds(microseconds.lowerBound))..<(start + .microseconds(microseconds.upperBound))
    }
    #expect(first.embedded == at(0..<10) && first.finished == at(170..<190))
    #expect(first.stages == [at(12..<112), at(114..<164)])
  }
}

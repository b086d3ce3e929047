internal import Pipeline
internal import Platform
internal import Synchronization

/// Adds up what happens in the pipe; written by the engine's thread, read by anybody.
final class StatisticsBox: Sendable {
  private let state: Mutex<State>
  /// Whether micro-batches are written down one by one.
  let keepsTimeline: Bool

  private struct State {
    var statistics = PipelineStatistics()
    var timeline: Timeline
    /// When the pipe was last empty and got something to do.
    var busySince = Instant(nanoseconds: 0)
    var inFlight: [UInt64: Flight] = [:]
  }

  private struct Flight {
    var rows: Int
    /// Where its embedding lies in time.
    var embedded: Range<Instant>
  }

  init(timelineLimit: Int) {
    state = Mutex(State(timeline: Timeline(limit: timelineLimit)))
    keepsTimeline = timelineLimit > 0
  }

  func begin(_ stages: [StageDescription]) {
    state.withLock { state in
      state.statistics.stages = stages.map { .init(name: $0.name, layers: $0.layers) }
      state.statistics.interruption?.hasPlan = true
      state.timeline.stages = stages
    }
  }

  /// A micro-batch of work is on its way into the pipe.
  func dispatched(_ sequence: UInt64, rows: Int, at now: Instant) {
    state.withLock { state in
      if state.inFlight.isEmpty { state.busySince = now }
      state.inFlight[sequence] = Flight(rows: rows, embedded: now..<now)
      state.statistics.microBatchesInFlight = state.inFlight.count
      state.statistics.coordinator.rows += rows
    }
  }

  /// It was embedded, into rows of `width` values; nothing happens for one that was not ``dispatched(_:rows:at:)``.
  func embedded(_ sequence: UInt64, width: Int, start: Instant, end: Instant) {
    state.withLock { state in
      guard let rows = state.inFlight[sequence]?.rows else { return }
      state.inFlight[sequence]!.embedded = start..<max(start, end)
      state.statistics.coordinator.compute += max(.zero, end - start)
      state.statistics.coordinator.bytesSent += rows * width * MemoryLayout<Float>.size
    }
  }

  /// A micro-batch came back, and was finished from `start` to `end`; it counts if it was ``dispatched(_:rows:at:)``.
  ///
  /// - Parameter offsets: each stage's clock less this one's, in nanoseconds; only for the timeline.
  func finished(
    _ sequence: UInt64, records: [StageRecord], offsets: [Int64], rows: Int, bytes: Int, start: Instant, end: Instant
  ) {
    state.withLock { state in
      state.statistics.crossings += 1
      guard let flight = state.inFlight.removeValue(forKey: sequence) else { return }
      state.statistics.microBatchesInFlight = state.inFlight.count
      // The pipe's time goes on while anything is in it, and is added as far as it is known.
      let busy = max(.zero, end - state.busySince)
      for (index, record) in records.enumerated() where index < state.statistics.stages.count {
        state.statistics.stages[index].microBatches += 1
        state.statistics.stages[index].rows += rows
        state.statistics.stages[index].compute += .nanoseconds(record.computed - min(record.received, record.computed))
        // Waiting while the whole pipe was empty is nobody's idleness.
        state.statistics.stages[index].wait += min(.nanoseconds(record.waited), busy)
        state.statistics.stages[index].send += .nanoseconds(record.sent)
        state.statistics.stages[index].bytesSent += bytes
      }
      state.statistics.coordinator.microBatches += 1
      state.statistics.coordinator.compute += max(.zero, end - start)
      state.statistics.elapsed += busy
      state.busySince = end
      guard state.timeline.limit > 0 else { return }
      state.timeline.add(
        Timeline.MicroBatch(
          sequence: sequence, rows: rows, embedded: flight.embedded, finished: start..<max(start, end),
          stages: zip(records, offsets).map { record, offset in
            let begin = Instant(nanoseconds: record.received) - .nanoseconds(offset)
            let end = Instant(nanoseconds: record.computed) - .nanoseconds(offset)
            return begin..<max(begin, end)
          }))
    }
  }

  /// Nothing that was on its way comes back.
  func dropped() {
    state.withLock { state in
      state.inFlight = [:]
      state.statistics.microBatchesInFlight = 0
    }
  }

  func lost() { state.withLock { $0.statistics.losses += 1 } }
  func fenced() { state.withLock { $0.statistics.fencedMessages += 1 } }
  func interrupted(_ interruption: PipelineStatistics.Interruption) {
    state.withLock { $0.statistics.interruption = interruption }
  }

  /// Work goes on, so long after the first loss.
  ///
  /// - Parameter now: only for the timeline.
  func recovered(after time: Duration, at now: Instant) {
    state.withLock { state in
      state.statistics.recoveries += 1
      state.statistics.recoveryTime += time
      state.statistics.interruption = nil
      if state.timeline.limit > 0 { state.timeline.add(interruption: (now - time)..<now) }
    }
  }

  /// Work goes on by another plan, and nothing was lost.
  func replanned() { state.withLock { $0.statistics.interruption = nil } }

  /// Takes note of who is there.
  func membership(of roster: Roster) {
    let members = roster.joined.map(MemberDescription.init)
    state.withLock { state in
      state.statistics.members = members
      state.statistics.epoch = Int(roster.epoch.plan)
    }
  }

  func generated() { state.withLock { $0.statistics.tokensGenerated += 1 } }

  /// Takes note of who runs and who waits.
  func occupied(by scheduler: Scheduler) {
    state.withLock { state in
      let isProbing = scheduler.isProbing
      state.statistics.requestsRunning = isProbing ? 0 : scheduler.running
      state.statistics.requestsWaiting = scheduler.waiting
      state.statistics.rowsReplayed = scheduler.replayedRows
      guard let slots = scheduler.slots else { return }
      state.statistics.slotsUsed = isProbing ? 0 : slots.slotsUsed
      state.statistics.slotCount = slots.slotCount
      state.statistics.positionsUsed = isProbing ? 0 : slots.positionsUsed
      state.statistics.positionBudget = slots.positionBudget
    }
  }

  func snapshot() -> PipelineStatistics { state.withLock { $0.statistics } }

  func timeline() -> Timeline { state.withLock { $0.timeline } }
}

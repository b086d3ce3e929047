internal import Pipeline
internal import Synchronization

/// Adds up what happens in the pipe; written by the engine's thread, read by anybody.
final class StatisticsBox: Sendable {
  private let state: Mutex<State>

  private struct State {
    var statistics = PipelineStatistics()
    var timeline: Timeline
    /// When the pipe was last empty and got something to do.
    var busySince: UInt64 = 0
    /// Where the embedding of each micro-batch in flight lies in time.
    var embedded: [UInt64: Range<UInt64>] = [:]
  }

  init(timelineLimit: Int) {
    state = Mutex(State(timeline: Timeline(limit: timelineLimit)))
  }

  func begin(_ stages: [StageDescription]) {
    state.withLock { state in
      state.statistics.stages = stages.map { .init(name: $0.name, layers: $0.layers) }
      state.timeline.stages = stages
    }
  }

  /// A micro-batch of work was embedded from `start` to `end`, and is on its way.
  func dispatched(_ sequence: UInt64, rows: Int, bytes: Int, start: UInt64, end: UInt64) {
    state.withLock { state in
      if state.embedded.isEmpty { state.busySince = start }
      state.embedded[sequence] = start..<max(start, end)
      state.statistics.microBatchesInFlight = state.embedded.count
      state.statistics.coordinator.compute += .nanoseconds(end - min(start, end))
      state.statistics.coordinator.bytesSent += bytes
      state.statistics.coordinator.rows += rows
    }
  }

  /// A micro-batch came back, and was finished from `start` to `end`; it counts if it was ``dispatched(_:rows:bytes:start:end:)``.
  ///
  /// - Parameter offsets: each stage's clock less this one's, in nanoseconds.
  func finished(
    _ sequence: UInt64, records: [StageRecord], offsets: [Int64], rows: Int, bytes: Int, start: UInt64, end: UInt64
  ) {
    state.withLock { state in
      state.statistics.crossings += 1
      guard let embedded = state.embedded.removeValue(forKey: sequence) else { return }
      state.statistics.microBatchesInFlight = state.embedded.count
      for (index, record) in records.enumerated() where index < state.statistics.stages.count {
        state.statistics.stages[index].microBatches += 1
        state.statistics.stages[index].rows += rows
        state.statistics.stages[index].compute += .nanoseconds(record.computed - min(record.received, record.computed))
        // Waiting while the whole pipe was empty is nobody's idleness.
        state.statistics.stages[index].wait += .nanoseconds(min(record.waited, end - min(end, state.busySince)))
        state.statistics.stages[index].send += .nanoseconds(record.sent)
        state.statistics.stages[index].bytesSent += bytes
      }
      state.statistics.coordinator.microBatches += 1
      state.statistics.coordinator.compute += .nanoseconds(end - min(start, end))
      // The pipe's time goes on while anything is in it, and is added as far as it is known.
      state.statistics.elapsed += .nanoseconds(end - min(end, state.busySince))
      state.busySince = end
      if state.timeline.limit > 0 {
        state.timeline.add(
          Timeline.MicroBatch(
            sequence: sequence, rows: rows, embedded: embedded, finished: start..<max(start, end),
            stages: zip(records, offsets).map { record, offset in
              let begin = UInt64(truncatingIfNeeded: Int64(truncatingIfNeeded: record.received) &- offset)
              let end = UInt64(truncatingIfNeeded: Int64(truncatingIfNeeded: record.computed) &- offset)
              return begin..<max(begin, end)
            }))
      }
    }
  }

  func generated() { state.withLock { $0.statistics.tokensGenerated += 1 } }

  /// Takes note of who runs and who waits.
  ///
  /// - Parameter early: requests that wait for the pipe to come to be.
  func occupied(by scheduler: Scheduler?, early: Int) {
    state.withLock { state in
      let isProbing = scheduler?.isProbing ?? false
      state.statistics.requestsRunning = isProbing ? 0 : scheduler?.running ?? 0
      state.statistics.requestsWaiting = (scheduler?.waiting ?? 0) + early
      guard let slots = scheduler?.slots else { return }
      state.statistics.slotsUsed = isProbing ? 0 : slots.slotsUsed
      state.statistics.slotCount = slots.slotCount
      state.statistics.positionsUsed = isProbing ? 0 : slots.positionsUsed
      state.statistics.positionBudget = slots.positionBudget
    }
  }

  func snapshot() -> PipelineStatistics { state.withLock { $0.statistics } }

  func timeline() -> Timeline { state.withLock { $0.timeline } }
}

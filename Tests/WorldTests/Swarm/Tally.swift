import Pipeline
import Platform

@testable import Coordinator

/// What came about in many runs.
struct Tally: Sendable {
  var seeds = 0
  var faults = 0
  /// Those that a worker may be given up for.
  var workerFaults = 0
  var recoveries = 0
  var losses = 0
  var rowsReplayed = 0
  var events = 0
  var time = Duration.zero
  var marks = Marks()

  mutating func count(_ world: World) {
    seeds += 1
    events += world.eventCount
    time += world.now - World.start
    marks.formUnion(world.marks)
    let statistics = world.statistic()
    recoveries += statistics.recoveries
    losses += statistics.losses
    rowsReplayed += statistics.rowsReplayed
  }

  mutating func add(_ other: Tally) {
    seeds += other.seeds
    faults += other.faults
    workerFaults += other.workerFaults
    recoveries += other.recoveries
    losses += other.losses
    rowsReplayed += other.rowsReplayed
    events += other.events
    time += other.time
    marks.formUnion(other.marks)
  }

  /// Places of recovery code that were not reached.
  var missedMarks: [Mark] { Mark.allCases.filter { !marks.contains($0) } }

  func line(within time: Duration) -> String {
    let pace = Int(Double(seeds) / max(1e-9, time.seconds) * 60)
    return
      "\(seeds) seeds, \(faults) faults, \(losses) losses, \(recoveries) recoveries, \(rowsReplayed) rows replayed, "
      + "\(marks.count) of \(Mark.allCases.count) marks, \(events) events in \(Int(self.time.seconds)) s of virtual time; \(pace) seeds a minute"
  }
}

import Pipeline
import Platform
import TestSupport

/// A process of the cluster: what its thread does just now, whom it has dialled, and who has dialled it.
class Process {
  let name: String
  let address: String
  /// Counts its starts; what is meant for an earlier one is lost.
  var life = 0
  var isRunning = false
  /// Whether its thread computes, measures or loads.
  var isWorking = false
  /// Whether a message came to it twice.
  var hasCopies = false
  /// Not one of its threads runs before then.
  var haltedUntil: Instant = 0
  /// What it has not looked at yet, while it works or is stopped.
  var backlog: [World.Happening] = []
  /// Whom its listening socket has under which routing id.
  var callers: [[UInt8]: Session] = [:]

  init(_ name: String, _ address: String) { (self.name, self.address) = (name, address) }

  func isBusy(_ now: Instant) -> Bool { isWorking || haltedUntil > now }
}

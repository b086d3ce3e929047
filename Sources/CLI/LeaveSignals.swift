import LibC
import ZeroMQ

/// SIGTERM and SIGINT of a worker: the first asks it to leave in order, the second ends it.
///
/// By a handler: a source of Dispatch hears signals only where the main thread does not sit in a wait.
enum LeaveSignals {
  // Set once before the handler is, which does no more than a write and what a signal's handler may do.
  nonisolated(unsafe) private static var wakeup: Wakeup?

  /// - Parameter wakeup: woken by the first; kept as long as the process runs.
  static func wake(_ wakeup: Wakeup) {
    self.wakeup = wakeup
    for number in [SIGTERM, SIGINT] {
      signal(number) { number in
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        LeaveSignals.wakeup?.wake()
      }
    }
  }
}

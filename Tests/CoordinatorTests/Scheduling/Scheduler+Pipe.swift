import Pipeline

@testable import Coordinator

extension Scheduler {
  /// With a pipe from the beginning.
  init(slotCount: Int, positionBudget: Int, chunk: Int = 1, pacing: Pacing, waitingLimit: Int = 4096) {
    self.init(waitingLimit: waitingLimit)
    _ = begin(slotCount: slotCount, positionBudget: positionBudget, chunk: chunk, pacing: pacing)
  }
}

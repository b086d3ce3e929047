internal import Pipeline

/// What a worker tells of its life.
public enum WorkerNotice: Sendable {
  /// It listens, and dials the coordinator.
  case dialing(coordinator: String, listening: String)
  /// The handshake with the coordinator fails; it goes on trying.
  case handshakeFailing(coordinator: String, reason: String)
  case joined(coordinator: String)
  /// There is no block left for it.
  case spare
  case assigned(stage: Int, of: Int, firstBlock: Int, lastBlock: Int)
  /// Its weights are there.
  case loaded(read: Int, received: Int, cached: Int, time: Duration)
  /// A message of somebody who is not of the cluster was dropped; `reason` says what they did.
  case ignored(address: String?, reason: String)
  /// A link of its stage is of no use any more: it has no place now, and waits for the next plan.
  case detached(reason: String)
  /// It says hello anew: the coordinator is gone, or has given it up.
  case joiningAgain(reason: String)
  /// It was asked to end, and serves on until the pipe is empty.
  case leaving
  case finished(microBatches: Int)
  /// There are no descriptors left for those who dial in.
  case shortOfDescriptors
}

internal import Pipeline
internal import ZeroMQ

/// What an engine tells of its workers.
public enum EngineNotice: Sendable {
  case listening(String, workers: Int)
  case joined(name: String, address: String, folder: String, count: Int, of: Int)
  case left(name: String, reason: String, count: Int, of: Int)
  case refused(name: String, reason: String)
  /// A message of somebody who is not of the cluster was dropped; `reason` says what they did.
  case ignored(address: String?, reason: String)
  /// Somebody dialled in, and it came to no messages.
  case connectionFailed(reason: String)
  /// How work is cut: rows of a chunk of a prompt at most, and micro-batches in flight at most.
  case paced(rows: Int, inFlight: Int)
  /// Who holds which blocks.
  case planned([StageDescription], spares: [String])
  /// How far the stages are with their weights; comes now and then, when something has changed.
  case loading(ready: Int, of: Int, bytesSent: Int)
  case ready([StageDescription])
  /// There are no descriptors left for those who dial in.
  case shortOfDescriptors
  /// A worker or a link was lost, and what is done about it.
  case lost(what: String, next: String)
  /// Nobody is lost, and another plan is better.
  case replanning(reason: String)
  /// No plan is possible without another worker, and one is waited for.
  case waiting(reason: String)
  /// Work goes on, so long after the first loss was noticed.
  case recovered(after: Duration)
  /// A worker without a stage holds these blocks now, for when one is lost.
  case spare(name: String, layers: Range<Int>)
  /// A stage takes so many times as long as it measured.
  case slow(name: String, factor: Double)
  /// Something is lost, and the cluster ends at once, or when it is known better what.
  case ending(String)
}

/// What is done about a worker that is lost.
public enum RecoveryMeans: String, CaseIterable, Hashable, Sendable {
  /// A worker without a stage takes its place.
  case spare
  /// Its process, or its thread, is started anew; where workers are the session's own.
  case process
  /// Those that are left share its blocks.
  case split
  /// Requests wait until another worker joins.
  case wait
}

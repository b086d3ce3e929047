internal import Pipeline

/// What a worker is told once.
struct WorkerSettings: Sendable {
  /// Where the coordinator listens.
  let coordinator: String
  /// How it introduces itself, but for the incarnation.
  let hello: Hello
  /// Whether it dials again when the coordinator is gone, which may be started anew.
  var isPatient = false
  /// How long the coordinator is waited for.
  let patience: Duration
  /// Left out by tests, which have to notice.
  var omitted: Protections = []
}

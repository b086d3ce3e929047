internal import DequeModule
internal import GPT2
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What a worker is told once.
struct WorkerSettings: Sendable {
  /// Where the coordinator listens.
  let coordinator: String
  /// How it introduces itself, but for the incarnation.
  let hello: Hello
  /// How long the coordinator is waited for.
  let patience: Duration
}

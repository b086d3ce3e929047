internal import GPT2
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What is known of the activations of a pass without looking at them.
struct Payload: Hashable, Sendable {
  var byteCount: Int
  var isFinite: Bool
}

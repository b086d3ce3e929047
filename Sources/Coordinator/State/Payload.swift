/// What is known of the activations of a pass without looking at them.
struct Payload: Hashable, Sendable {
  var byteCount: Int
  var isFinite: Bool
}

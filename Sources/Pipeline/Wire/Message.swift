/// Everything that crosses between a coordinator and its workers; each case says who sends it to whom.
///
/// What is large and rare is kept apart, so that a pass is not moved about at its size.
public enum Message: Hashable, Sendable {
  // Worker to coordinator, on the control link.
  indirect case hello(Hello)
  case measurement(Measurement)
  case wanted(Wanted)
  case ready(Ready)
  case heartbeat(Heartbeat)
  case failure(Failure)

  // Coordinator to worker, on the control link.
  case welcome(Welcome)
  case refusal(Refusal)
  indirect case assignment(Assignment)
  case piece(Piece)
  case pulse(Pulse)

  // Either way, on the control link.
  case goodbye(Goodbye)

  // Sender to receiver of activations, and credit back.
  case open(Open)
  case credit(Credit)
  /// The only message with a second frame: the activations, `[R, C]` fp32 little-endian, row-major, without gaps.
  case pass(Pass)

  // Either way, between sender and receiver of activations.
  case beat(Beat)
}

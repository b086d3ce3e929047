/// What is wrong with a message for the link it came on, though its bytes are sound.
///
/// After ``staleEpoch(_:found:expected:)`` and ``futureEpoch(_:found:expected:)`` the link goes on, without the message;
/// after the others it is of no use any more, since something was lost, sent twice or forged.
public enum LinkError: Error, Hashable, Sendable {
  /// Messages from `expected` up to `found` never came.
  case gap(expected: UInt64, found: UInt64)
  case duplicate(number: UInt64, expected: UInt64)
  case staleEpoch(Message.Kind, found: UInt64, expected: UInt64)
  case futureEpoch(Message.Kind, found: UInt64, expected: UInt64)
  /// A pass for which the receiver had granted no room.
  case overCredit(sequence: UInt64)
  /// More room than any receiver has.
  case tooMuchCredit(held: Int, granted: Int, limit: Int)
  /// A message that nobody sends in that direction.
  case unexpected(Message.Kind, from: LinkEnd)
}

/// What is said of the peer, whose name comes before it.
extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .gap(let expected, let found):
      "sent message \(found), but message \(expected) never came; the connection lost what was on it and must be made anew"
    case .duplicate(let number, let expected):
      "sent message \(number) again, expected message \(expected); the connection must be made anew"
    case .staleEpoch(let kind, let found, let expected):
      "sent \(kind) of epoch \(found), which is over (now \(expected)); the message was dropped"
    case .futureEpoch(let kind, let found, let expected):
      "sent \(kind) of epoch \(found), which has not begun (now \(expected)); the message was dropped"
    case .overCredit(let sequence):
      "sent micro-batch \(sequence) without credit; run the same gpt2 on every host"
    case .tooMuchCredit(let held, let granted, let limit):
      "granted \(granted) micro-batches on top of \(held), at most \(limit) are possible; run the same gpt2 on every host"
    case .unexpected(let kind, let end):
      "sent \(kind), which \(end) never sends; run the same gpt2 on every host"
    }
  }
}

internal import Platform

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
  /// Nothing came, not even a part of a message, for longer than the link's patience.
  case silent(Duration)
  /// The connection has ended.
  case cut
  /// The link was opened again after passes had come over it: what was on the way is lost.
  case reopened
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
    case .silent(let time): "was not heard for \(time.inSeconds), on a link that is open"
    case .cut: "closed the connection, or it was cut"
    case .reopened: "opened the link again; what was on the way is lost"
    case .unexpected(let kind, let end):
      "sent \(kind), which \(end) never sends; run the same gpt2 on every host"
    }
  }
}

/// What the other end of a link must not do.
public protocol BreachOfLink: Error {}

extension LinkError: BreachOfLink {}
extension WireError: BreachOfLink {}

internal import Platform

/// Why a data link is of no use any more: something was lost, sent twice or forged, or the other end is gone.
public enum LinkError: Error, Hashable, Sendable {
  /// Messages from `expected` up to `found` never came.
  case gap(expected: UInt64, found: UInt64)
  case duplicate(number: UInt64, expected: UInt64)
  case otherEpoch(Message.Kind, found: Epoch, expected: Epoch)
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

extension LinkError {
  /// Whether connections do that by themselves, with honest peers.
  public var isOfConnection: Bool {
    switch self {
    case .gap, .duplicate, .silent, .cut, .reopened: true
    case .otherEpoch, .overCredit, .tooMuchCredit, .unexpected: false
    }
  }
}

/// What is said of the peer, whose name comes before it.
extension LinkError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .gap(let expected, let found):
      "sent message \(found), but message \(expected) never came; the connection lost what was on it and must be made anew"
    case .duplicate(let number, let expected):
      "sent message \(number) again, expected message \(expected); the connection must be made anew"
    case .otherEpoch(let kind, let found, let expected):
      "sent \(kind) of epoch \(found), and this link is of epoch \(expected); run the same gpt2 on every host"
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

extension LinkError: BreachOfLink {}

extension WireError: BreachOfLink {}

/// Whose messages come over a data link: activations one way, credit the other.
public enum LinkEnd: Hashable, Sendable {
  case sender, receiver

  func sends(_ kind: Message.Kind) -> Bool {
    switch kind {
    case .open, .pass: self == .sender
    case .credit: self == .receiver
    case .beat: true
    default: false
    }
  }
}

extension LinkEnd: CustomStringConvertible {
  public var description: String {
    switch self {
    case .sender: "a sender of activations"
    case .receiver: "a receiver of activations"
    }
  }
}

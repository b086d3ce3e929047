/// Whose messages come over a link.
public enum LinkEnd: Hashable, Sendable, CaseIterable {
  /// Of a control link.
  case worker, coordinator
  /// Of a data link: activations one way, credit the other.
  case sender, receiver
}

extension LinkEnd: CustomStringConvertible {
  public var description: String {
    switch self {
    case .worker: "a worker"
    case .coordinator: "a coordinator"
    case .sender: "a sender of activations"
    case .receiver: "a receiver of activations"
    }
  }
}

extension LinkEnd {
  func sends(_ kind: Message.Kind) -> Bool {
    switch kind {
    case .hello, .measurement, .wanted, .ready, .heartbeat, .failure: self == .worker
    case .welcome, .refusal, .assignment, .piece, .pulse: self == .coordinator
    case .goodbye: self == .worker || self == .coordinator
    case .open, .pass: self == .sender
    case .credit: self == .receiver
    case .beat: self == .sender || self == .receiver
    }
  }
}

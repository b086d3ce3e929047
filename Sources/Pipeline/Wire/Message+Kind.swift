extension Message {
  /// What a message is, as the header says it.
  public enum Kind: UInt16, Hashable, Sendable, CaseIterable {
    case hello = 1
    case measurement = 2
    case wanted = 3
    case ready = 4
    case heartbeat = 5
    case failure = 6

    case welcome = 17
    case refusal = 18
    case assignment = 19
    case piece = 20
    case pulse = 21

    case goodbye = 33

    case open = 49
    case credit = 50
    case pass = 51
    case beat = 52
  }

  public var kind: Kind { type(of: body).kind }
}

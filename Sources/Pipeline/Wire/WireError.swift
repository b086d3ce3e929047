/// Why bytes are no message of ours.
public enum WireError: Error, Hashable, Sendable {
  case tooShort(bytes: Int, expected: Int)
  case notOurs(magic: [UInt8])
  case otherVersion(found: UInt16, expected: UInt16)
  case unknownKind(UInt16)
  /// A field of a message holds what it cannot.
  case field(String, found: String, expected: String)
  case trailingBytes(Int)
  case wrongFrameCount(found: Int, expected: Int)
  /// The activations of a pass are not as many as its rows take.
  case wrongPayload(bytes: Int, rows: Int, width: Int)
}

/// What is said of the peer, whose name comes before it.
extension WireError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooShort(let bytes, let expected):
      "sent a message of \(bytes) bytes that needs at least \(expected); \(Self.advice)"
    case .notOurs(let magic):
      "sent something else than a message of gpt2, beginning with the bytes \(magic); is the address that of another program?"
    case .otherVersion(let found, let expected):
      "speaks version \(found) of the protocol, this program version \(expected); run the same gpt2 on every host"
    case .unknownKind(let kind):
      "sent a message of the unknown kind \(kind); \(Self.advice)"
    case .field(let field, let found, let expected):
      "sent \(field) = \(found), expected \(expected); \(Self.advice)"
    case .trailingBytes(let count):
      "sent a message with \(count) bytes too many; \(Self.advice)"
    case .wrongFrameCount(let found, let expected):
      "sent a message of \(found) frames, expected \(expected); \(Self.advice)"
    case .wrongPayload(let bytes, let rows, let width):
      "sent \(bytes) bytes of activations for \(rows) rows of \(width) values, expected \(4 * rows * width); \(Self.advice)"
    }
  }

  private static let advice = "run the same gpt2 on every host"
}

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
}

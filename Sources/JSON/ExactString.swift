/// A string that is equal to another exactly when their UTF-8 bytes are.
public struct ExactString: Hashable, Sendable {
  public let string: String

  public init(_ string: String) {
    self.string = string
  }

  public static func == (a: ExactString, b: ExactString) -> Bool {
    a.string.utf8.elementsEqual(b.string.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    let hashed: Void? = string.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if hashed == nil { for byte in string.utf8 { hasher.combine(byte) } }
    // Like String's own hash: a terminator, so that neighbours in a compound key do not run together.
    hasher.combine(0xFF as UInt8)
  }
}

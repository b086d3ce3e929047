/// Names a connection, and no other one ever after, unlike its descriptor.
public struct ConnectionNumber: Hashable, Sendable {
  public let rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

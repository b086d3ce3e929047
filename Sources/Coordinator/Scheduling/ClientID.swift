/// Tells apart those on whose behalf requests come, so that each gets its turn; whoever does not care is client 0.
public struct ClientID: Hashable, Sendable {
  public var rawValue: UInt64

  public init(_ rawValue: UInt64 = 0) { self.rawValue = rawValue }
}

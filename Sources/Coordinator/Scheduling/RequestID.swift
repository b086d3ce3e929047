/// Names a request for as long as it waits or runs.
public struct RequestID: Hashable, Sendable {
  public var rawValue: UInt64

  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

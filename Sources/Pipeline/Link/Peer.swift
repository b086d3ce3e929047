internal import ZeroMQ

/// Whom a message came from: its routing id, and where that is.
public struct Peer: Hashable, Sendable {
  public var id: [UInt8]
  public var caller: Caller

  public init(_ id: [UInt8], _ caller: Caller = Caller()) { (self.id, self.caller) = (id, caller) }
}

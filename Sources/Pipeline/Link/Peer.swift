public import ZeroMQ

/// Where a message came from, over a listening socket.
public struct Caller: Hashable, Sendable {
  /// Nil within a process, where nothing gets lost.
  public var connection: ConnectionNumber?
  /// The public key by which it was let in; nil where nothing is encrypted.
  public var key: CurveKey?
  /// Its numeric address; nil within a process.
  public var host: String?
  /// Whether that is another machine's.
  public var isElsewhere: Bool

  public init(
    connection: ConnectionNumber? = nil, key: CurveKey? = nil, host: String? = nil, isElsewhere: Bool = false
  ) {
    (self.connection, self.key, self.host, self.isElsewhere) = (connection, key, host, isElsewhere)
  }
}

/// Whom a message came from: its routing id, and where that is.
public struct Peer: Hashable, Sendable {
  public var id: [UInt8]
  public var caller: Caller

  public init(_ id: [UInt8], _ caller: Caller = Caller()) { (self.id, self.caller) = (id, caller) }
}

/// A message and whom it is for, over a listening socket.
public struct Answer: Hashable, Sendable {
  public var peer: [UInt8]
  public var header: Header
  public var message: Message

  public init(to peer: [UInt8], _ header: Header, _ message: Message) {
    (self.peer, self.header, self.message) = (peer, header, message)
  }
}

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

internal import CZMQ

extension Socket {
  public struct Options: Sendable {
    /// How long closing the context waits for messages that were taken and have not been sent.
    public var linger: Duration = .zero
    /// Messages queued each way for each peer, before sending is ``SendResult/full`` and receiving makes the peer wait.
    public var highWaterMark = 1000
    /// Bytes of the largest frame that is let in; a larger one ends the connection, which is then made anew.
    public var largestFrame = 64 << 20
    /// The name by which a router knows this socket: 1 to 255 bytes, the first not 0. Two peers of a router with one name
    /// shut each other out, so each incarnation needs its own.
    public var routingID: [UInt8]?
    public var security = Security.none
    /// How long a connection may take to come about, and then to agree on a protocol.
    public var handshakeLimit: Duration = .seconds(2)
    /// How long to wait before dialling again.
    public var reconnectInterval: Duration = .milliseconds(100)
    /// Settings that ``apply(_:)`` leaves out, to see that a self-test misses each.
    var omitted: Set<Protection> = []

    public init() {}
  }

  /// What a listening socket needs to let in nobody but members; without any one of them libzmq lets others in.
  enum Protection: CaseIterable, Sendable {
    case server, domain, enforcement
  }

  /// Changes how long closing the context waits for messages that were taken and have not been sent.
  public func setLinger(_ linger: Duration) throws(ZeroMQError) { try set(ZMQ_LINGER, linger.wholeMilliseconds) }

  /// Sets what has to be set before the first connection.
  func apply(_ options: Options) throws(ZeroMQError) {
    precondition(options.highWaterMark >= 1 && options.largestFrame >= 1)
    try set(ZMQ_LINGER, options.linger.wholeMilliseconds)
    try set(ZMQ_SNDHWM, Int32(options.highWaterMark))
    try set(ZMQ_RCVHWM, Int32(options.highWaterMark))
    try set(ZMQ_MAXMSGSIZE, withUnsafeBytes(of: Int64(options.largestFrame)) { Array($0) })
    try set(ZMQ_HANDSHAKE_IVL, options.handshakeLimit.wholeMilliseconds)
    try set(ZMQ_CONNECT_TIMEOUT, options.handshakeLimit.wholeMilliseconds)
    try set(ZMQ_RECONNECT_IVL, options.reconnectInterval.wholeMilliseconds)
    if kind == .router {
      try set(ZMQ_ROUTER_MANDATORY, 1)
      try set(ZMQ_ROUTER_HANDOVER, 0)
    }
    if let id = options.routingID {
      precondition((1...255).contains(id.count) && id[0] != 0)
      try set(ZMQ_ROUTING_ID, id)
    }
    switch options.security {
    case .none: break
    case .server(let keys):
      if !options.omitted.contains(.server) {
        try set(ZMQ_CURVE_SERVER, 1)
        try set(ZMQ_CURVE_SECRETKEY, keys.secretKey.bytes)
      }
      // Without the first, libzmq lets everybody in who can encrypt; without the second, where there is no authenticator.
      if !options.omitted.contains(.domain) { try set(ZMQ_ZAP_DOMAIN, Array(Authenticator.domain.utf8)) }
      if !options.omitted.contains(.enforcement) { try set(Int32(CZMQ_ZAP_ENFORCE_DOMAIN), 1) }
    case .client(let keys, let serverKey):
      try set(ZMQ_CURVE_SERVERKEY, serverKey.bytes)
      try set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes)
      try set(ZMQ_CURVE_SECRETKEY, keys.secretKey.bytes)
    }
  }

  func set(_ option: Int32, _ value: Int32) throws(ZeroMQError) {
    try set(option, withUnsafeBytes(of: value) { Array($0) })
  }

  func set(_ option: Int32, _ value: [UInt8]) throws(ZeroMQError) {
    guard zmq_setsockopt(pointer, option, value, value.count) == 0 else {
      throw ZeroMQError(call: "set option \(option) of a socket")
    }
  }
}

extension Duration {
  /// Milliseconds, rounded up so that nothing waits less than asked for, at most what libzmq can count.
  var wholeMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    guard seconds < Int64(Int32.max / 1000) else { return .max }
    let unit: Int64 = 1_000_000_000_000_000
    return Int32(max(0, seconds * 1000 + (attoseconds + unit - 1) / unit))
  }
}

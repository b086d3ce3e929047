internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What a worker is told of.
enum WorkerEvent {
  // The link to the coordinator.
  case coordinator(Header, Message)
  case coordinatorUnreadable(WireError)
  case coordinatorConnected
  case coordinatorHandshakeFailed(reason: String)
  case coordinatorDisconnected

  // Over the listening socket.
  /// - Parameter payload: bytes of the second frame, when there is one.
  case message(Header, Message, payload: Int?, from: Peer)
  case unreadable(WireError, from: Peer)
  /// It has fewer or more frames than any message.
  case misshapen(reason: String, from: Peer)
  case disconnected(ConnectionNumber)

  // The link to the next stage.
  case next(Header, Message)
  case nextUnreadable(WireError)
  case nextConnected
  /// - Parameter isRefusal: whether the next stage said so; otherwise it may not be there.
  case nextHandshakeFailed(isRefusal: Bool)
  case nextDisconnected
  /// How long nothing has come over a link, not even a part of a message.
  case quiet(LinkSide, Duration)

  // The worker's own work.
  case measured([BlockTime])
  /// Pieces of a tensor are to be asked for.
  case wants(Wanted)
  /// The blocks of the assignment are in memory.
  case holds(bytesRead: Int, bytesReceived: Int, bytesCached: Int)
  /// The pass that came last is computed.
  case computed(isFiniteReceived: Bool, isFiniteComputed: Bool)
  /// It was handed to the next stage.
  case passedOn

  /// Somebody wants it to end, in order.
  case leave

  // Time.
  /// A piece of the worker's own work is done, and more follows.
  case progressed
  /// Everything that was there has been taken; comes several times a second.
  case tick
}

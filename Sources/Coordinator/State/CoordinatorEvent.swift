internal import GPT2
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What a coordinator is told of.
enum CoordinatorEvent {
  // Callers ask.
  indirect case submit(RequestID, Work, ClientID)
  case cancel(RequestID)
  /// Its reader is slow: nothing more of it is to be computed until ``resume(_:)``.
  case hold(RequestID)
  case resume(RequestID)
  /// These keys are let in from now on.
  case allow(AllowedKeys)
  /// A worker is known to have ended, or could not be started, which had been started anew so often.
  case lose(name: String, start: Int, reason: String)

  // Members and strangers, over the listening socket.
  /// - Parameter payload: of the second frame, when there is one.
  case message(Header, Message, payload: Payload?, from: Peer)
  /// It came from there and is no message; `bytes` of the version of another program, say.
  case unreadable(WireError, from: Peer)
  /// It came from there and has fewer or more frames than any message.
  case misshapen(reason: String, from: Peer)
  /// A hello names a host that nobody knows.
  indirect case unresolved(Hello, from: Peer, reason: String)
  case disconnected(ConnectionNumber)
  /// Somebody dialled in, and it came to no messages.
  case connectionFailed(reason: String)

  // The link into the first stage.
  case first(Header, Message)
  case firstUnreadable(WireError)
  case firstConnected
  case firstHandshakeFailed(isRefusal: Bool)
  case firstDisconnected
  /// How long nothing has come over a link, not even a part of a message.
  case quiet(LinkSide, Duration)

  // The coordinator's own work is done.
  /// The tensors of every block, with their fingerprints where those are wanted.
  case catalogued([[TensorDescription]])
  /// The parts of the model that no worker holds.
  case loaded
  case measured(EdgeCosts)
  case pieces([Piece], for: Roster.ID)
  /// A worker asked for what there is not.
  case unwanted(WantedError, from: Roster.ID)
  /// A micro-batch was embedded since `start`, and is sent.
  case embedded(sequence: UInt64, isFinite: Bool, start: Instant)
  /// What became of the rows of the micro-batch that was to be finished.
  case finished([RowOutcome])

  // Time.
  /// A piece of the coordinator's own work is done, and more follows.
  case progressed
  /// Everything that was there has been taken; comes several times a second.
  case tick
}

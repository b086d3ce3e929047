internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What a coordinator wants done, in this order.
enum CoordinatorEffect {
  // Messages.
  /// Over the listening socket; one for somebody who is gone is lost.
  case send(to: Roster.ID, Header, Message)
  /// The link into the first stage is to be dialled, under this name and by the key, 32 bytes, if it has one.
  case dialFirst(address: String, key: [UInt8], name: String)
  /// It is to be dialled anew, under another name.
  case dialFirstAgain(name: String)
  case sendFirst(Header, Message)
  /// The link is of a plan that is over.
  case hangUpFirst
  /// No message has come over a link for so long: whether not even a part of one has, the system is asked; by the connection, for
  /// the link that activations come on.
  case askQuiet(LinkSide, ConnectionNumber?, Duration)
  case endConnection(ConnectionNumber)
  /// So many bytes of micro-batches may wait.
  case allowWaiting(bytes: Int)

  // The coordinator's own work.
  /// How long embedding and head take.
  case measure
  /// Pieces of the blocks that a worker holds.
  case readPieces(Wanted, of: LayerRange, for: Roster.ID)
  /// To embed the tokens of a micro-batch and send it into the first stage.
  case embed(Dispatch, Header)
  /// To make results of the rows of the pass that came last.
  case finish(FinishJob)

  // Callers.
  case deliver(RequestID, RequestResult)
  case complete(RequestID, (any Error)?)
  case notify(EngineNotice)
  /// Every stage is ready, and the pipe is open.
  case open([StageDescription])
  /// The worker of this name is to be ended, if it is there, and started anew.
  case restart(name: String)
  /// It is over; nothing follows.
  case end(any Error)
}

internal import GPT2
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// What a worker wants done, in this order.
enum WorkerEffect {
  // The link to the coordinator.
  /// To dial it anew, under another name.
  case dialCoordinatorAgain(name: String)
  case tell(Header, Message)
  /// How long what was said may take to go out when the worker ends.
  case setLastWords(Duration)

  // The listening socket.
  case send(to: [UInt8], Header, Message)
  /// Whether anybody's silence there matters.
  case hear(Bool)
  /// So many bytes of micro-batches may wait.
  case allowWaiting(bytes: Int)
  /// The stage before this one has this key, 32 bytes, if it has one.
  case letIn(key: [UInt8])

  // The link to the next stage.
  /// - Parameter address: nil of the coordinator, under the address by which it was reached.
  case dialNext(address: String?, key: [UInt8], name: String)
  case dialNextAgain(name: String)
  case tellNext(Header, Message)
  case hangUpNext
  /// No message has come over a link for so long: whether not even a part of one has, the system is asked; by the connection, for
  /// the link that activations come on.
  case askQuiet(LinkSide, ConnectionNumber?, Duration)

  // The worker's own work.
  /// How long a block of the model takes.
  indirect case measure(Configuration)
  /// To have these blocks in memory and no others.
  indirect case hold(Assignment, Configuration)
  case accept(Piece)
  /// To be this stage, with the blocks that are held.
  indirect case serve(Assignment, StageAssignment)
  /// To run the pass that came last.
  case compute(Pass)
  /// To hand on, in place of computing, the rows that were kept of an earlier pass.
  case recall(Pass)
  /// To hand on the pass that was computed; without its rows, where only its header matters to those behind.
  case passOn(Header, Pass, hasRows: Bool)

  case notify(WorkerNotice)
  /// It is over, and why, if that was not meant; nothing follows.
  case end((any Error)?)
}

public import ZeroMQ

/// The receiving end of the link that passes arrive on, behind a ROUTER socket that others may reach too.
///
/// The first sender that opens the link in the right epoch, as the stage before this one, is the sender from then on.
public struct PassReceiver {
  /// What a message was.
  public enum Arrival {
    /// From somebody this link is not with; it was dropped.
    case stranger(reason: String)
    /// Somebody opened a link of a plan that is over or not known here yet, or the sender asked again.
    case notDue
    case opened(Answer)
    case pass(Header, Pass, payload: Frame, Answer?)
  }

  /// Credit to send back.
  public struct Answer {
    fileprivate let peer: [UInt8]
    fileprivate let bytes: [UInt8]

    /// Sends it; a sender that is gone gets none.
    public func send(on router: Socket) throws(ZeroMQError) {
      _ = try router.send([Frame(peer), Frame(bytes)])
    }
  }

  private let epoch: UInt64
  private let stage: Int
  private let credits: Int
  private var sender: Sender?

  private struct Sender {
    let peer: [UInt8]
    var passes: IncomingLink
    var credits: OutgoingLink
  }

  /// - Parameters:
  ///   - stage: index of the stage that sends; −1 is the coordinator.
  ///   - credits: passes that may be under way at once.
  public init(epoch: UInt64, from stage: Int, credits: Int) {
    self.epoch = epoch
    self.stage = stage
    self.credits = credits
  }

  /// Takes a message of a link: the routing id, the message, and the activations of a pass.
  ///
  /// - Throws: ``LinkError`` and ``WireError`` when the link's own sender breaks its rules.
  public mutating func receive(_ frames: [Frame], _ header: Header, _ message: Message) throws -> Arrival {
    let peer = frames[0].bytes
    switch message {
    case .open(let open):
      guard header.epoch == epoch, sender?.peer != peer else { return .notDue }
      guard open.stage == stage, sender == nil else {
        return .stranger(reason: "opened the link of stage \(open.stage), which is not due")
      }
      sender = Sender(
        peer: peer, passes: IncomingLink(from: .sender, epoch: epoch), credits: OutgoingLink(epoch: epoch))
      try sender!.passes.receive(header, message.kind)
      return .opened(nextAnswer()!)
    case .pass(let pass):
      guard let known = sender, known.peer == peer else {
        return .stranger(reason: "sent a pass and has not opened this link")
      }
      try sender!.passes.receive(header, message.kind)
      guard frames.count == 3 else { throw WireError.wrongFrameCount(found: frames.count, expected: 3) }
      try pass.checkPayload(byteCount: frames[2].count)
      // It leaves the link here: there is room for another while this one is computed.
      sender!.passes.consume(header)
      return .pass(header, pass, payload: frames[2], nextAnswer())
    default:
      return .stranger(reason: "sent \(message.kind) where only activations may come")
    }
  }

  private mutating func nextAnswer() -> Answer? {
    guard var sender, let credit = sender.passes.grant(upTo: credits) else { return nil }
    let bytes = Message.credit(credit).encode(header: sender.credits.header())
    self.sender = sender
    return Answer(peer: sender.peer, bytes: bytes)
  }
}

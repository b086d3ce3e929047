public import ZeroMQ

/// The receiving end of the link that passes arrive on, behind a ROUTER socket that others may reach too.
///
/// The first sender that opens the link in the right epoch, as the stage before this one, is the sender from then on.
public struct PassReceiver {
  /// What a message was.
  public enum Arrival {
    /// From somebody this link is not with; it was dropped.
    case stranger(reason: String)
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
  private var sender: (peer: [UInt8], link: IncomingLink)?

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
  /// - Throws: ``LinkError`` when the link's own sender breaks its rules.
  public mutating func receive(_ frames: [Frame], _ header: Header, _ message: Message) throws(LinkError) -> Arrival {
    let peer = frames[0].bytes
    switch message {
    case .open(let open):
      guard header.epoch == epoch, open.stage == stage, sender == nil else {
        return .stranger(reason: "stage \(open.stage) opened a link in epoch \(header.epoch), which is not due")
      }
      var link = IncomingLink(epoch: epoch, credits: credits)
      try link.receive(header)
      let answer = Self.answer(credits, peer, link: &link)
      sender = (peer, link)
      return .opened(answer)
    case .pass(let pass):
      guard let known = sender, known.peer == peer else {
        return .stranger(reason: "a pass from somebody who has not opened this link")
      }
      try sender!.link.receive(header, isPass: true)
      guard frames.count == 3, pass.payloadByteCount == frames[2].count else {
        throw .wrongPayload(bytes: frames.count == 3 ? frames[2].count : 0, expected: pass.payloadByteCount ?? 0)
      }
      let grant = sender!.link.consume()
      return .pass(header, pass, payload: frames[2], grant.map { Self.answer($0, peer, link: &sender!.link) })
    default:
      return .stranger(reason: "\(message.kind) came where only activations may")
    }
  }

  private static func answer(_ passes: Int, _ peer: [UInt8], link: inout IncomingLink) -> Answer {
    Answer(peer: peer, bytes: Message.credit(Credit(passes: passes)).encode(header: link.header()))
  }
}

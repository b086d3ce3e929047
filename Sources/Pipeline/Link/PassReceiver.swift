internal import Platform
public import ZeroMQ

/// The receiving end of the link that passes arrive on, behind a ROUTER socket that others may reach too.
///
/// Who opens the link with its secret is the sender, and nobody else; once a pass has come, nobody takes its place.
public struct PassReceiver {
  /// What a message was.
  public enum Arrival {
    /// From somebody this link is not with; it was dropped.
    case stranger(reason: String)
    /// The sender lives, or asked again, or somebody opened a link of a plan that is over or not known here yet.
    case nothing
    case opened(Answer)
    case pass(Header, Pass, payload: Frame, Answer?)
  }

  /// What is sent back.
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
  private let terms: LinkTerms
  private let peerKey: String?
  private let patience: Duration
  private var sender: Sender?

  private struct Sender {
    let peer: [UInt8]
    /// Nil within a process, where nothing gets lost.
    let connection: Connection?
    var passes: IncomingLink
    var credits: OutgoingLink
    var hearing: Hearing
    var hasPassed = false
    /// Whether something was sent since the last beat.
    var hasAnswered = true
  }

  /// - Parameters:
  ///   - stage: index of the stage that sends; −1 is the coordinator.
  ///   - credits: passes that may be under way at once.
  ///   - patience: how long the sender may be silent.
  public init(epoch: UInt64, from stage: Int, credits: Int, terms: LinkTerms, patience: Duration) {
    self.epoch = epoch
    self.stage = stage
    self.credits = credits
    self.terms = terms
    peerKey = CurveKey(terms.peerKey)?.z85
    self.patience = patience
  }

  /// Whether a message with this routing id comes from the sender, so that what is wrong with it is the sender's fault.
  public func isSender(_ peer: Frame) -> Bool { sender.map { $0.peer == peer.bytes } ?? false }

  /// Takes a message of a link: the routing id, the message, and the activations of a pass.
  ///
  /// - Throws: ``LinkError`` and ``WireError`` when the link's own sender breaks its rules.
  public mutating func receive(_ frames: [Frame], _ header: Header, _ message: Message) throws -> Arrival {
    let peer = frames[0].bytes
    switch message {
    case .open(let open):
      guard header.epoch == epoch, sender?.peer != peer else { return .nothing }
      guard open.stage == stage, terms.accepts(open.secret), peerKey == nil || frames[1].userID == peerKey else {
        return .stranger(reason: "opened the link of stage \(open.stage), which is not its own")
      }
      if sender?.hasPassed == true { throw LinkError.reopened }
      sender = Sender(
        peer: peer, connection: frames[1].connection.map { Connection($0) },
        passes: IncomingLink(from: .sender, epoch: epoch),
        credits: OutgoingLink(epoch: epoch), hearing: Hearing(now: Instant.now.nanoseconds))
      try sender!.passes.receive(header, message.kind)
      return .opened(nextAnswer()!)
    case .pass(let pass):
      guard sender?.peer == peer else {
        return .stranger(reason: "sent a pass and has not opened this link")
      }
      try sender!.passes.receive(header, message.kind)
      guard frames.count == 3 else { throw WireError.wrongFrameCount(found: frames.count, expected: 3) }
      try pass.checkPayload(byteCount: frames[2].count)
      // It leaves the link here: there is room for another while this one is computed.
      sender!.passes.consume(header)
      sender!.hearing.heard(now: Instant.now.nanoseconds)
      sender!.hasPassed = true
      return .pass(header, pass, payload: frames[2], nextAnswer())
    case .beat:
      guard sender?.peer == peer else { return .stranger(reason: "sent a beat and has not opened this link") }
      try sender!.passes.receive(header, message.kind)
      sender!.hearing.heard(now: Instant.now.nanoseconds)
      return .nothing
    default:
      if sender?.peer == peer { throw LinkError.unexpected(message.kind, from: .sender) }
      return .stranger(reason: "sent \(message.kind) where only activations may come")
    }
  }

  /// A connection of the inbox has ended, by its descriptor.
  ///
  /// - Throws: ``LinkError/cut`` when it was the link's, and passes had come over it. Before, the sender dials again.
  public mutating func disconnected(_ connection: Int32) throws(LinkError) {
    // Numbers are used again: the news may be of the connection that had this one before, and the link's be well.
    guard let known = sender, let own = known.connection, own.descriptor == connection, !own.stands else { return }
    if known.hasPassed { throw .cut }
    sender = nil
  }

  /// Sees whether the sender was heard. To be called a few times a second, by the thread that computes, when it has taken all
  /// messages that were there.
  ///
  /// - Throws: ``LinkError/silent(_:)``.
  public mutating func listen(now: UInt64) throws(LinkError) {
    guard let connection = sender?.connection else { return }
    if let time = sender!.hearing.silence(beyond: patience, on: connection, now: now) { throw .silent(time) }
  }

  /// The beat that is due, if nothing else was said since the last one. To be called a few times a second, by the thread that
  /// computes.
  public mutating func beat() -> Answer? {
    guard sender != nil, !sender!.hasAnswered else {
      sender?.hasAnswered = false
      return nil
    }
    return Answer(peer: sender!.peer, bytes: Message.beat(Beat()).encode(header: sender!.credits.header()))
  }

  private mutating func nextAnswer() -> Answer? {
    guard let credit = sender?.passes.grant(upTo: credits) else { return nil }
    sender!.hasAnswered = true
    return Answer(peer: sender!.peer, bytes: Message.credit(credit).encode(header: sender!.credits.header()))
  }
}

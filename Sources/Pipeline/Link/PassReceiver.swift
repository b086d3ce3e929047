public import Platform
public import ZeroMQ

/// The receiving end of the link that passes arrive on, behind a socket that others may reach too: pure, with the time passed
/// in.
///
/// Who opens the link with its secret is the sender, and nobody else; once a pass has come, nobody takes its place.
public struct PassReceiver: Sendable {
  /// What a message was.
  public enum Arrival: Hashable, Sendable {
    /// From somebody this link is not with; it is dropped.
    case stranger(reason: String)
    /// Of a plan that is over; it is dropped.
    case fenced
    /// The sender lives, or asked again, or somebody opened a link of a plan that is over or not known here yet.
    case nothing
    case opened(Answer)
    /// A pass is to be taken; credit may be due.
    case pass(Answer?)
  }

  private let epoch: Epoch
  private let stage: Int
  private let credits: Int
  private let terms: LinkTerms
  private let peerKey: CurveKey?
  private let patience: Duration
  private var sender: Sender?
  private let omitted: Protections

  private struct Sender {
    let id: [UInt8]
    let connection: ConnectionNumber?
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
  public init(
    epoch: Epoch, from stage: Int, credits: Int, terms: LinkTerms, patience: Duration,
    omitting omitted: Protections = []
  ) {
    self.omitted = omitted
    self.epoch = epoch
    self.stage = stage
    self.credits = credits
    self.terms = terms
    peerKey = CurveKey(terms.peerKey)
    self.patience = patience
  }

  /// Whether this is the sender, so that what is wrong with its messages is its fault.
  public func isSender(_ id: [UInt8]) -> Bool { sender.map { $0.id == id } ?? false }

  /// Over which the sender speaks.
  public var connection: ConnectionNumber? { sender?.connection }

  /// Takes a message of a link.
  ///
  /// - Parameter payload: bytes of the second frame; nil when there is none.
  /// - Throws: ``LinkError`` and ``WireError`` when the link's own sender breaks its rules.
  public mutating func receive(
    _ header: Header, _ message: Message, payload: Int?, from peer: Peer, now: Instant
  ) throws -> Arrival {
    let isSender = isSender(peer.id)
    let isFenced = !omitted.contains(.dataEpoch)
    if !isSender, header.epoch.isBefore(epoch), isFenced { return .fenced }
    switch message {
    case .open(let open):
      guard header.epoch == epoch || !isFenced, !isSender else { return .nothing }
      guard open.stage == stage, terms.accepts(open.secret) || !isFenced, peerKey == nil || peer.caller.key == peerKey
      else {
        return .stranger(reason: "opened the link of stage \(open.stage), which is not its own")
      }
      if sender?.hasPassed == true { throw LinkError.reopened }
      sender = Sender(
        id: peer.id, connection: peer.caller.connection,
        passes: IncomingLink(from: .sender, epoch: epoch, omitting: omitted),
        credits: OutgoingLink(epoch: epoch, omitting: omitted), hearing: Hearing(now: now))
      try sender!.passes.receive(header, message.kind)
      return .opened(nextAnswer()!)
    case .pass(let pass):
      guard isSender else { return .stranger(reason: "sent a pass and has not opened this link") }
      try sender!.passes.receive(header, message.kind)
      guard let payload else { throw WireError.wrongFrameCount(found: 2, expected: 3) }
      try pass.checkPayload(byteCount: payload, into: stage + 1)
      sender!.hearing.heard(now: now)
      sender!.hasPassed = true
      // It leaves the link here: there is room for another while this one is computed.
      return .pass(nextAnswer())
    case .beat:
      guard isSender else { return .stranger(reason: "sent a beat and has not opened this link") }
      try sender!.passes.receive(header, message.kind)
      sender!.hearing.heard(now: now)
      return .nothing
    default:
      if isSender { throw LinkError.unexpected(message.kind, from: .sender) }
      return .stranger(reason: "sent \(message.kind) where only activations may come")
    }
  }

  /// A connection has ended.
  ///
  /// - Throws: ``LinkError/cut`` when it was the link's, and passes had come over it. Before, the sender dials again.
  public mutating func disconnected(_ connection: ConnectionNumber) throws(LinkError) {
    guard let known = sender, known.connection == connection else { return }
    if known.hasPassed { throw .cut }
    sender = nil
  }

  /// How long the sender was silent, when that is too long by what has come of messages. To be asked a few times a second, by
  /// the thread that computes, when it has taken all messages that were there.
  public mutating func silence(now: Instant) -> Duration? {
    // Within a process nothing gets lost.
    guard sender?.connection != nil, !omitted.contains(.dataSilence) else { return nil }
    let silence = sender!.hearing.silence(now: now)
    return silence > patience ? silence : nil
  }

  /// The beat that is due, if nothing else was said since the last one. To be called a few times a second, by the thread that
  /// computes.
  public mutating func beat() -> Answer? {
    guard sender != nil, !sender!.hasAnswered else {
      sender?.hasAnswered = false
      return nil
    }
    return Answer(to: sender!.id, sender!.credits.header(), .beat(Beat()))
  }

  private mutating func nextAnswer() -> Answer? {
    guard let credit = sender?.passes.grant(upTo: credits) else { return nil }
    sender!.hasAnswered = true
    return Answer(to: sender!.id, sender!.credits.header(), .credit(credit))
  }
}

public import Platform

/// The sending end of a link that passes travel on: pure, with the time passed in.
///
/// Until the link is open it asks again and again, since the receiver may not have been told yet to whom it listens, and dials
/// again under another name when a connection was lost: the receiver may still hold the one before.
public struct PassSender: Sendable {
  /// What is to be done for the link.
  public enum Step: Hashable, Sendable {
    case send(Header, Message)
    /// To let go of the connection, with what it had queued, and dial under another name, which is this one with a number.
    case dialAgain(attempt: Int)
  }

  private enum Phase {
    case opening(asked: Instant, hasFailed: Bool)
    case open
  }

  private let open: Open
  private let patience: Duration
  private var phase: Phase
  private var link: OutgoingLink
  private var credits: IncomingLink
  /// Connections dialled before this one.
  private var attempt = 0
  private var dialed: Instant
  private var hearing: Hearing
  /// When it dialled, until somebody was reached there.
  private var unreachedSince: Instant?
  /// Whether something was sent since the last beat.
  private var hasSpoken = true
  private let omitted: Protections

  /// How long a handshake may take: several ways there and back.
  private static let reachPatience = Duration.milliseconds(1500)
  private static let openInterval = Duration.milliseconds(500)
  /// How long a connection may stand on which nothing is answered, before another is tried.
  private static let answerPatience = Duration.seconds(5)

  /// Passes that were sent.
  public private(set) var passCount: UInt64 = 0

  /// Whoever makes it has dialled, and sends what ``ask(now:)`` says.
  ///
  /// - Parameters:
  ///   - stage: the index of the sending stage; −1 is the coordinator.
  ///   - patience: how long the receiver may be silent.
  public init(
    stage: Int, epoch: Epoch, terms: LinkTerms, patience: Duration, now: Instant, omitting omitted: Protections = []
  ) {
    self.patience = patience
    self.omitted = omitted
    open = Open(stage: stage, secret: terms.secret)
    link = OutgoingLink(epoch: epoch, omitting: omitted)
    credits = IncomingLink(from: .receiver, epoch: epoch, omitting: omitted)
    hearing = Hearing(now: now)
    (unreachedSince, dialed) = (now, now)
    phase = .opening(asked: now, hasFailed: false)
  }

  /// Whether the receiver has answered.
  public var isOpen: Bool { if case .open = phase { true } else { false } }

  /// Whether a pass may be sent now.
  public var canSend: Bool { isOpen && link.canSend }

  /// Asks for credit. The number is the same each time: asked again, it is the first message still.
  public mutating func ask(now: Instant) -> (Header, Message) {
    phase = .opening(asked: now, hasFailed: false)
    link = OutgoingLink(epoch: link.epoch, omitting: omitted)
    return (link.header(), .open(open))
  }

  /// Takes in a message of the receiver.
  ///
  /// - Throws: ``LinkError``.
  public mutating func receive(_ header: Header, _ message: Message, now: Instant) throws(LinkError) {
    try credits.receive(header, message.kind)
    hearing.heard(now: now)
    guard case .credit(let credit) = message else { return }
    try link.receive(credit)
    phase = .open
  }

  /// Somebody was reached, though they may not answer yet.
  public mutating func connected() { unreachedSince = nil }

  /// Whether nobody is reached though time enough has passed: the network does not let anything through.
  public func isUnreached(now: Instant) -> Bool {
    guard case .opening = phase, let unreachedSince else { return false }
    return now - unreachedSince > Self.reachPatience
  }

  /// The handshake has failed. The receiver may not have been told yet whom to let in, and libzmq does not try again by itself
  /// where a key was refused.
  ///
  /// - Parameter isRefusal: whether the receiver said so, and is there.
  public mutating func handshakeFailed(isRefusal: Bool = false) {
    if isRefusal { connected() }
    if case .opening(let asked, _) = phase { phase = .opening(asked: asked, hasFailed: true) }
  }

  /// The connection has ended.
  ///
  /// - Throws: ``LinkError/cut`` when the link was open.
  public mutating func disconnected() throws(LinkError) {
    if isOpen { throw .cut }
    handshakeFailed()
  }

  /// What is to be done to open the link, when that is due.
  public mutating func step(now: Instant) -> Step? {
    guard case .opening(let asked, let hasFailed) = phase, now - asked > Self.openInterval else { return nil }
    // One may be dead without a word.
    guard hasFailed || now - dialed > Self.answerPatience else {
      let (header, message) = ask(now: now)
      return .send(header, message)
    }
    attempt += 1
    (dialed, unreachedSince) = (now, now)
    credits = IncomingLink(from: .receiver, epoch: link.epoch, omitting: omitted)
    phase = .opening(asked: now, hasFailed: false)
    return .dialAgain(attempt: attempt)
  }

  /// How long the receiver was silent, when that is too long by what has come of messages. To be asked a few times a second, by
  /// the thread that computes.
  public mutating func silence(now: Instant) -> Duration? {
    guard isOpen, !omitted.contains(.dataSilence) else { return nil }
    let silence = hearing.silence(now: now)
    return silence > patience ? silence : nil
  }

  /// The header of the next pass; takes one credit. Traps when there is none, see ``canSend``.
  public mutating func header(sequence: UInt64) -> Header {
    hasSpoken = true
    passCount += 1
    return link.header(sequence: sequence)
  }

  /// That this end lives, if nothing else was said since the last time. To be called a few times a second, by the thread that
  /// computes.
  public mutating func beat() -> (Header, Message)? {
    defer { hasSpoken = false }
    guard isOpen, !hasSpoken else { return nil }
    return (link.header(), .beat(Beat()))
  }
}

internal import DequeModule
internal import GPT2
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// All that a worker decides, without I/O: an event with its instant goes in, effects come out.
///
/// ```
/// state.handle(event, at: .now)
/// while let effect = state.nextEffect() { … carry it out; what comes of it is an event … }
/// ```
struct WorkerState {
  enum Phase {
    /// The coordinator has not answered yet.
    case dialing
    case member(Membership)
    case left
  }

  /// What it is in a cluster. A class only so that a pass does not copy it.
  final class Membership {
    /// Of the coordinator's model.
    let configuration: Configuration
    /// Of the last assignment.
    var epoch = Epoch.none
    var place = Place.none

    init(_ configuration: Configuration) { self.configuration = configuration }
  }

  enum Place {
    /// No stage: before an assignment, and of a spare, with blocks or without.
    case none
    /// The blocks are on their way into memory.
    case loading(Assignment, since: Instant)
    /// The next stage has not answered yet.
    case linking(StageLinks, Ready)
    case serving(StageLinks)
  }

  let settings: WorkerSettings
  var control: ControlLink
  var phase = Phase.dialing
  /// Whether the connection has ended over which it was let in.
  var isCoordinatorLost = false
  /// Since when it would like to leave.
  var leavingSince: Instant?
  /// A link that was cut, and since when. The coordinator may know why, and say so in a moment.
  var cut: (error: WorkerError, since: Instant)?
  /// What of this code was reached.
  var marks = Marks()
  private var random: any RandomNumberGenerator & Sendable
  private var effects: Deque<WorkerEffect> = []
  /// The instant of the event that is handled.
  private(set) var now: Instant

  /// How long the coordinator is given to say why a link was cut.
  static let cutPatience = Duration.milliseconds(300)
  /// How long it serves on when it was asked to end.
  static let leavePatience = Duration.seconds(10)
  /// How long the coordinator may be silent.
  static let silencePatience = Duration.seconds(15)

  init(_ settings: WorkerSettings, random: any RandomNumberGenerator & Sendable, now: Instant) {
    (self.settings, self.random, self.now) = (settings, random, now)
    control = ControlLink(settings.hello, incarnation: self.random.next(), now: now)
  }

  /// The effect that is to be carried out next; nil when there is none.
  mutating func nextEffect() -> WorkerEffect? { effects.popFirst() }

  mutating func emit(_ effect: WorkerEffect) { effects.append(effect) }

  /// When there is something to do even if nothing happens.
  var nextTick: Instant { control.nextBeat }

  /// Whether a pass can be taken: none that was computed waits for the next stage.
  var takesMessages: Bool {
    guard let links else { return false }
    return if case .none = links.work { true } else { false }
  }

  /// Whether this is the routing id under which the stage before this one sends activations.
  func isSender(_ id: [UInt8]) -> Bool { links?.incoming.isSender(id) ?? false }

  /// Takes in what has happened.
  ///
  /// - Parameter now: not before that of any earlier event.
  mutating func handle(_ event: WorkerEvent, at now: Instant) {
    if case .left = phase { return }
    self.now = now
    do { try take(event) } catch WorkerError.link(let side, let error) {
      detach(side, "\(error)")
    } catch WorkerError.coordinatorLost where settings.isPatient {
      marks.insert(.joinsAgainWhenCut)
      joinAgain("the connection to the coordinator was lost")
    } catch WorkerError.coordinatorSilent(_, let time) where settings.isPatient {
      marks.insert(.joinsAgainWhenSilent)
      joinAgain("nothing heard of the coordinator for \(time.inSeconds)")
    } catch { fail(error) }
  }

  /// The worker cannot go on; the coordinator is told why.
  mutating func fail(_ error: any Error) {
    if case .left = phase { return }
    // What is left to be computed is of no use any more, and may be what failed.
    effects.removeAll {
      switch $0 {
      case .tell, .notify: false
      default: true
      }
    }
    let failure = (error as? WorkerError)?.failure ?? Failure(reason: "\(error)")
    if control.isWelcome {
      tell(.failure(Failure(reason: String(failure.reason.prefix(1000)), link: failure.link)))
    }
    phase = .left
    emit(.end(error))
  }

  private mutating func take(_ event: WorkerEvent) throws {
    switch event {
    case .coordinator(let header, let message):
      control.heard(message, now: now)
      guard settings.omitted.contains(.coordinatorNumbers) || control.counts(header, message) else {
        return joinAgain("a message of the coordinator was lost")
      }
      try receive(header, message)
    case .coordinatorUnreadable(let error):
      throw WorkerError.protocolBroken(coordinator: settings.coordinator, error)
    case .coordinatorConnected: control.connected(now: now)
    case .coordinatorHandshakeFailed(let reason):
      if control.handshakeFailed(reason) {
        emit(.notify(.handshakeFailing(coordinator: settings.coordinator, reason: reason)))
      }
    case .coordinatorDisconnected: if control.disconnected() { isCoordinatorLost = true }
    case .message(let header, let message, let payload, let peer):
      try receive(header, message, payload, from: peer)
    case .unreadable(let error, let peer): try receiveUnreadable(error, from: peer)
    case .misshapen(let reason, let peer): try receiveMisshapen(reason, from: peer)
    case .disconnected(let connection): try disconnected(connection)
    case .next(let header, let message): try receiveNext(header, message)
    case .nextUnreadable(let error): throw WorkerError.link(.outgoing, error)
    case .nextConnected: links?.outgoing.connected()
    case .nextHandshakeFailed(let isRefusal): links?.outgoing.handshakeFailed(isRefusal: isRefusal)
    case .nextDisconnected:
      do throws(LinkError) { try links?.outgoing.disconnected() } catch { lose(.outgoing, error) }
    case .quiet(let side, let time): try silent(side, time)
    case .measured(let points): tell(.measurement(Measurement(points: points)))
    case .wants(let wanted): tell(.wanted(wanted))
    case .holds(let read, let received, let cached): try holds(read, received, cached)
    case .computed(let isFiniteReceived, let isFiniteComputed): computed(isFiniteReceived, isFiniteComputed)
    case .passedOn: passedOn()
    case .leave: leave()
    case .progressed:
      control.progress += 1
      beat()
    case .tick: try tick()
    }
  }

  /// Says something to the coordinator, of the epoch of the last assignment.
  mutating func tell(_ message: Message) {
    let epoch: Epoch = if case .member(let membership) = phase { membership.epoch } else { .none }
    emit(.tell(control.header(epoch), message))
  }

  /// The stage that it is, once its blocks are there.
  var links: StageLinks? {
    guard case .member(let membership) = phase else { return nil }
    return switch membership.place {
    case .linking(let links, _), .serving(let links): links
    case .none, .loading: nil
    }
  }

  mutating func nextIncarnation() -> UInt64 {
    settings.omitted.contains(.incarnation) ? control.incarnation : random.next()
  }
}

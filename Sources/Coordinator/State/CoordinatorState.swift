internal import DequeModule
internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// All that a coordinator decides, without I/O: an event with its instant goes in, effects come out.
///
/// ```
/// state.handle(event, at: .now)
/// while let effect = state.nextEffect() { … carry it out; what comes of it is an event … }
/// ```
///
/// Requests, scheduler, roster and statistics live as long as the coordinator; what dies with a plan is a ``PlanEpoch``.
struct CoordinatorState {
  enum Phase {
    /// Workers join, until there are enough and all is measured.
    case gathering
    /// The blocks are dealt out: stages load, then work goes through.
    case planned(PlanEpoch)
    case ended
  }

  /// How far the coordinator is with its own parts of the model.
  enum OwnParts {
    case loading
    case loaded
    case measuring
    case measured(EdgeCosts)
  }

  /// A stage of a plan, also when it is over and its worker gone.
  struct PlannedStage {
    /// Empty where nobody is it any more.
    var id: Roster.ID
    let name: String
    let process: UInt64
    let layers: LayerRange
  }

  let settings: CoordinatorSettings
  let statistics: StatisticsBox
  var roster: Roster
  var scheduler: Scheduler
  var phase = Phase.gathering
  var parts = OwnParts.loading
  /// The tensors of every block; nil until their fingerprints are there.
  var catalog: [[TensorDescription]]?
  /// Bytes of weights that were sent to workers.
  var bytesSent = 0
  /// Why workers and others were turned away, for the error that too few came.
  var turnedAway: [String] = []
  /// What is done about a loss; nil while nothing is lost.
  var recovery: Recovery?
  /// The stages of the last plan, also when it is over.
  var lastStages: [PlannedStage] = []
  /// Workers that are being started anew, by name, and since when.
  var starting: [String: Instant] = [:]
  /// When a pass came back last.
  var lastReturn: Instant
  /// Whether there was ever a pipe that answered.
  var hasOpened = false
  /// The stages of the plan that is over which have their caches still, and slots of which they have kept what they handed on; nil
  /// where that is of no use.
  var caches: (stages: [PlannedStage], slots: Int)?
  /// Plans in a row that came to nothing, and how often each worker was started anew since one came to something.
  var fruitless = 0
  var starts: [String: Int] = [:]
  /// How often each was started anew in all.
  var restarted: [String: Int] = [:]
  /// Links between workers that were lost of late.
  var brokenLinks: [(link: [Roster.ID], isUnanswered: Bool, time: Instant)] = []
  var autopsy: Autopsy?
  /// Whose rows workers of late are taken to have died with, by the worker's process.
  var verdicts: [(process: UInt64, requests: [RequestID])] = []
  /// Requests that are to blame, the longest accused first.
  var accused: [(request: RequestID, since: Instant)] = []
  /// Processes that links did not come about with, and since when: they are the last to have a stage.
  var shunned: [UInt64: Instant] = [:]
  /// Since when nothing new goes into the pipe, since the plan is to end when it is empty.
  var drainingSince: Instant?
  /// What of this code was reached.
  var marks = Marks()
  /// Why there is to be another plan though nobody is lost, and when that was last considered.
  var improving: String?
  var lastImprovement: Instant
  /// How many times as slow as it measured a process has become against the others.
  var slowness: [UInt64: Double] = [:]
  /// Makes secrets.
  var random: any RandomNumberGenerator & Sendable
  private var effects: Deque<CoordinatorEffect> = []

  /// The instant of the event that is handled.
  private(set) var now: Instant
  let started: Instant
  var lastPulse: Instant
  /// When it last looked at what is looked at a few times a second.
  var lastLook: Instant
  var lastTick: Instant

  static let pulseInterval = Duration.milliseconds(200)
  /// How long it waits to learn which worker is gone, when a link was cut.
  static let cutPatience = Duration.milliseconds(300)
  /// By how much data links may be silent for longer than control links: a worker that is gone is noticed by both.
  static let linkSlack = Duration.milliseconds(100)
  /// Who was heard within this time is there.
  static let presence = Duration.milliseconds(700)
  /// How long a worker that was taken for dead has to come again, before a request fails for it.
  static let returnPatience = Duration.seconds(3)
  /// For how long a link that was lost is remembered, and how often it may be lost within that time.
  static let linkMemory = Duration.seconds(60)
  static let linkFailureLimit = 2
  /// How long the pipe may take to be empty when its plan is to end.
  static let drainPatience = Duration.seconds(2)
  /// How long the first stage may take to answer when it was reached.
  static let linkPatience = Duration.seconds(10)
  /// A pause between ticks from which on this thread itself was held up.
  static let halt = Duration.milliseconds(200)

  init(
    _ settings: CoordinatorSettings, statistics: StatisticsBox, allowed: AllowedKeys?,
    random: any RandomNumberGenerator & Sendable, now: Instant
  ) {
    self.settings = settings
    self.statistics = statistics
    self.random = random
    roster = Roster(
      expected: settings.expected, measures: settings.measures,
      configuration: settings.configuration.fingerprint.bytes, weights: settings.configuration.weights.choice.rawValue,
      programVersion: settings.build,
      incarnation: self.random.next(), isRemote: settings.isRemote, allowed: allowed)
    scheduler = Scheduler(waitingLimit: settings.waitingLimit)
    (roster.omitted, scheduler.omitted) = (settings.omitted, settings.omitted)
    (self.now, started, lastPulse, lastLook, lastTick, lastReturn) = (now, now, now, now, now, now)
    lastImprovement = now
  }

  /// The effect that is to be carried out next; nil when there is none.
  mutating func nextEffect() -> CoordinatorEffect? { effects.popFirst() }

  mutating func emit(_ effect: CoordinatorEffect) { effects.append(effect) }

  /// Takes in what has happened.
  ///
  /// - Parameter now: not before that of any earlier event.
  mutating func handle(_ event: CoordinatorEvent, at now: Instant) {
    if case .ended = phase { return }
    self.now = now
    do { try take(event) } catch let loss as Loss { recover(loss) } catch { end(error, reason: "\(error)") }
  }

  /// It is over: workers are sent home.
  ///
  /// - Parameter reason: empty when that is meant.
  mutating func end(_ error: any Error, reason: String) {
    if case .ended = phase { return }
    phase = .ended
    // What is left to be computed is of no use any more, and may be what failed.
    effects.removeAll {
      switch $0 {
      case .send, .deliver, .complete, .notify: false
      default: true
      }
    }
    if !reason.isEmpty { emit(.notify(.ending(reason))) }
    for member in roster.members {
      let text = reason.isEmpty && settings.comesAgain ? "the coordinator has ended" : reason
      send(.goodbye(Goodbye(reason: text, joinsAgain: settings.comesAgain)), to: member.id)
    }
    emit(.end(error))
  }

  private mutating func take(_ event: CoordinatorEvent) throws {
    switch event {
    case .submit(let id, let work, let client): submit(id, work, of: client)
    case .cancel(let id): scheduler.cancel(id)
    case .hold(let id): scheduler.hold(id)
    case .resume(let id): scheduler.resume(id)
    case .allow(let keys): try allow(keys)
    case .lose(let name, let start, let reason): if start >= restarted[name, default: 0] { try lose(name, reason) }
    case .message(let header, let message, let payload, let peer):
      try receive(header, message, payload, from: peer)
    case .unreadable(let error, let peer): try receiveUnreadable(error, from: peer)
    case .misshapen(let reason, let peer): try receiveMisshapen(reason, from: peer)
    case .unresolved(let hello, let peer, let reason): refuseUnresolved(hello, peer, reason)
    case .disconnected(let connection): try disconnected(connection)
    case .connectionFailed(let reason):
      turnAway("a connection failed: \(reason)")
      emit(.notify(.connectionFailed(reason: reason)))
    case .first(let header, let message): try receiveFirst(header, message)
    case .firstUnreadable(let error): throw loss(ofStage: 0, firstBroken(error))
    case .firstConnected: planned?.entrance?.link.connected()
    case .firstHandshakeFailed(let isRefusal): planned?.entrance?.link.handshakeFailed(isRefusal: isRefusal)
    case .firstDisconnected: try firstDisconnected()
    case .quiet(let side, let time): try silent(side, time)
    case .catalogued(let tensors):
      catalog = tensors
      try planIfDue()
    case .loaded:
      parts = .loaded
      try planIfDue()
      openIfReady()
    case .measured(let edges):
      parts = .measured(edges)
      try planIfDue()
    case .pieces(let pieces, let id):
      for piece in pieces {
        bytesSent += piece.bytes.count
        send(.piece(piece), to: id)
      }
    case .unwanted(let error, let id):
      try handle(roster.receiveUnreadable(from: id, reason: "\(error)"))
    case .embedded(let sequence, let isFinite, let start): embedded(sequence, isFinite: isFinite, start: start)
    case .finished(let outcomes): try finished(outcomes)
    case .progressed: beat()
    case .tick: try tick()
    }
  }

  /// Whether this is the routing id under which the last stage sends activations.
  func isLastStage(_ id: [UInt8]) -> Bool {
    if case .planned(let epoch) = phase { epoch.incoming.isSender(id) } else { false }
  }

  /// What the plan has brought; nil while there is none.
  var planned: PlanEpoch? { if case .planned(let epoch) = phase { epoch } else { nil } }
}

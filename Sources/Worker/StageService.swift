internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
public import ZeroMQ

/// A worker: joins a coordinator, loads the slice it is given and serves it until the coordinator says goodbye.
///
/// One thread does everything: it polls, receives, computes and sends, so that a hop costs no hand-over between threads and a
/// heartbeat says that the thread that computes is alive. That thread needs a stack of at least 1 MiB.
public final class StageService {
  let options: WorkerOptions
  let kernels: Kernels
  let pool: ThreadPool
  private let context: Context
  private let stopping: Wakeup?
  private let notify: (WorkerNotice) -> Void
  private let control: ControlLink
  private let inbox: Socket
  /// Who dials in; nil within a process.
  private let watch: ConnectionWatch?
  private let authenticator: Authenticator?
  private var phase = Phase.dialing
  /// Of the coordinator's model, once it has said so.
  private var configuration: Configuration?
  private var epoch: UInt64 = 0
  /// A link that was cut, and since when. The coordinator may know why, and say so in a moment.
  private var cut: (error: WorkerError, since: Instant)?

  private enum Phase {
    case dialing
    case joined
    case fetching(Assignment, AssignedSlice, since: Instant)
    case linking(Assignment, StageRunner, Ready, since: Instant)
    case serving(StageRunner)
    case left
  }

  /// How long the next stage may take to answer.
  private static let linkPatience = Duration.seconds(10)
  /// How long the coordinator is given to say why a link was cut.
  private static let cutPatience = Duration.milliseconds(300)
  /// How long the coordinator may be silent.
  private static let silencePatience = Duration.seconds(15)

  /// Begins to listen and to dial.
  ///
  /// - Parameters:
  ///   - authenticator: says whom this context lets in; of a member with a pair of its own it is told with each assignment.
  ///   - stopping: ends the service when it is woken, wherever it stands, without a word to the coordinator.
  /// - Throws: ``ZeroMQError`` when it cannot listen; ``KernelsError``.
  public init(
    _ options: WorkerOptions, context: Context, authenticator: Authenticator? = nil, stopping: Wakeup? = nil,
    notify: @escaping (WorkerNotice) -> Void
  ) throws {
    self.options = options
    self.context = context
    self.authenticator = authenticator
    self.stopping = stopping
    self.notify = notify
    kernels = try Kernels.selected()
    pool = ThreadPool(threadCount: options.threads)
    inbox = try Socket(.router, context, options: .inbox(options.credentials.listening(at: options.listen)))
    watch = options.listen.hasPrefix("inproc:") ? nil : try ConnectionWatch(inbox)
    watch?.isHeard = false
    let listening = try inbox.bind(options.listen)
    control = try ControlLink(options, context)
    control.introduce(
      Hello(
        name: options.name, incarnation: control.incarnation, programVersion: ProgramVersion.current,
        kernels: kernels.name, threads: pool.threadCount, memory: options.memory, cores: Host.cores,
        host: Host.identity, address: options.advertise ?? listening, folder: options.weights.folderName,
        configuration: options.weights.configurationFingerprint))
    notify(.dialing(coordinator: options.coordinator, listening: listening))
  }

  /// Serves until the coordinator says goodbye, or it is stopped. Blocks.
  ///
  /// - Throws: ``WorkerError``, ``CheckpointError``, ``ModelError``, ``ZeroMQError``; the coordinator is told why first.
  public func run() throws {
    do {
      while true {
        if case .left = phase { return }
        try step()
      }
    } catch {
      let failure = (error as? WorkerError)?.failure ?? Failure(reason: "\(error)")
      control.fail(Failure(reason: String(failure.reason.prefix(1000)), link: failure.link), epoch: epoch)
      throw error
    }
  }

  private func step() throws {
    var items = control.pollItems
    let controlCount = items.count
    switch phase {
    case .linking(_, let runner, _, _), .serving(let runner):
      items.append(.socket(runner.next.socket))
      // What cannot be taken now waits in the socket, and must not end every wait at once.
      if !runner.isHeldUp { items.append(.socket(inbox)) }
    default: break
    }
    if let watch { items.append(.wakeup(watch.news)) }
    if let stopping { items.append(.wakeup(stopping)) }
    let ready = try Poll.wait(items, timeout: control.timeToBeat)
    if stopping != nil, ready.last == true {
      phase = .left
      return
    }
    // Sockets that have nothing are not asked: a pass on its way to be computed would wait for each.
    if ready.prefix(controlCount).contains(true) { try listen() }
    if case .left = phase { return }
    if let cut, .now - cut.since > Self.cutPatience { throw cut.error }
    if watch != nil, ready[ready.count - (stopping == nil ? 1 : 2)] {
      try sparingCuts { try watchConnections() }
    }
    if control.isLost {
      control.leave()
      throw WorkerError.coordinatorLost(options.coordinator)
    }
    switch phase {
    case .dialing:
      try control.dial()
      if control.silence > options.patience {
        throw WorkerError.noCoordinator(
          options.coordinator, after: options.patience, handshake: control.handshakeFailure)
      }
    case .linking(let assignment, let runner, let ready, let since):
      try receive(runner)
      try update(runner)
      if runner.next.isOpen {
        control.send(.ready(ready), epoch: epoch)
        phase = .serving(runner)
      } else if .now - since > Self.linkPatience {
        throw WorkerError.nextUnreachable(assignment.next, Self.linkPatience)
      }
    case .serving(let runner):
      if ready[controlCount] { try update(runner) }
      try receive(runner)
    case .joined, .fetching, .left: break
    }
    if control.isBeatDue {
      if let runner { try sparingCuts { try runner.listen(steadiness: control.steadiness) } }
      beat()
    }
    if case .dialing = phase { return }
    if control.silence > Self.silencePatience {
      throw WorkerError.coordinatorSilent(options.coordinator, Self.silencePatience)
    }
  }

  // MARK: - Control

  /// Takes in all that the coordinator says.
  private func listen() throws {
    try control.watch { notify(.handshakeFailing(coordinator: options.coordinator, reason: $0)) }
    do {
      while let (header, message) = try control.receive() { try handle(message, header) }
    } catch let error as WireError {
      throw WorkerError.protocolBroken(coordinator: options.coordinator, error)
    }
  }

  private func handle(_ message: Message, _ header: Header) throws {
    switch (message, phase) {
    case (.pulse, _): break
    case (.goodbye(let goodbye), _):
      control.leave()
      guard goodbye.reason.isEmpty else {
        throw WorkerError.ended(coordinator: options.coordinator, reason: goodbye.reason)
      }
      if case .serving(let runner) = phase { notify(.finished(microBatches: runner.passCount)) }
      phase = .left
    case (.refusal(let refusal), _):
      throw WorkerError.refused(coordinator: options.coordinator, reason: refusal.reason)
    case (.welcome(let welcome), .dialing):
      notify(.joined(coordinator: options.coordinator))
      let configuration = try Configuration(json: welcome.configuration, file: "the coordinator's config.json")
      self.configuration = configuration
      control.welcome()
      phase = .joined
      // Only who says more than hello counts.
      control.beat(epoch: 0, taken: 0, passed: 0)
      if welcome.measures {
        let points = try BlockTimer(configuration, kernels: kernels, pool: pool).measure()
        control.send(.measurement(Measurement(points: points.map { BlockTime(rows: $0.rows, seconds: $0.seconds) })))
      }
    case (.assignment, .dialing), (.assignment, .left):
      throw WorkerError.unexpected(coordinator: options.coordinator, message.kind)
    case (.assignment(let assignment), _):
      // What an earlier plan had it hold goes first: there may be no room for both.
      phase = .joined
      watch?.isHeard = false
      epoch = header.epoch
      if assignment.layers.isEmpty { return notify(.spare) }
      notify(
        .assigned(
          stage: assignment.stage, of: assignment.stageCount, firstBlock: assignment.layers.lowerBound,
          lastBlock: assignment.layers.upperBound - 1))
      // As much as may wait while this thread computes.
      watch?.allow(unfinished: (assignment.credits / 8 + 1) * assignment.rowLimit * 4 * configuration!.width)
      let start = Instant.now
      let slice = try AssignedSlice(
        assignment, of: configuration!, from: options.weights, pool: pool, progress: progress)
      phase = .fetching(assignment, slice, since: start)
      if options.credentials?.isOwn == true {
        authenticator?.accept(Set(CurveKey(assignment.incoming.peerKey).map { [$0] } ?? []))
      }
      try finishLoading()
    case (.piece(let piece), .fetching(_, let slice, _)):
      try slice.accept(piece)
      progress()
      try finishLoading()
    default:
      throw WorkerError.unexpected(coordinator: options.coordinator, message.kind)
    }
  }

  /// Asks for what is missing; builds the stage when all of its weights are there, and dials the next one.
  private func finishLoading() throws {
    guard case .fetching(let assignment, let slice, let start) = phase else { return }
    while let wanted = try slice.wanted() { control.send(.wanted(wanted), epoch: epoch) }
    guard slice.isComplete else { return }
    let stage = try Stage(
      slice.checkpoint(), layers: assignment.layers, slotCount: assignment.slotCount, kernels: kernels, pool: pool,
      progress: progress)
    let time = Instant.now - start
    notify(
      .loaded(read: slice.bytesRead, received: slice.bytesReceived, cached: slice.bytesCached, time: time))
    // Behind the last stage is the coordinator, under the address by which this worker knows it.
    let isLast = assignment.stage == assignment.stageCount - 1
    let address = isLast ? control.coordinatorAddress : assignment.next
    guard let security = options.credentials.dialing(address, key: assignment.outgoing.peerKey) else {
      throw WorkerError.withoutKey
    }
    let next = try PassSender(
      to: address, stage: assignment.stage, epoch: epoch, terms: assignment.outgoing,
      patience: .nanoseconds(assignment.patience), context: context, security: security,
      name: "\(control.routingName)/\(epoch)")
    // From here on it hears what those who dial in say.
    watch?.isHeard = true
    phase = .linking(
      assignment, StageRunner(stage, assignment, epoch: epoch, next: next),
      Ready(
        bytesRead: slice.bytesRead, bytesReceived: slice.bytesReceived, bytesCached: slice.bytesCached,
        nanoseconds: UInt64(time / .nanoseconds(1))), since: .now)
  }

  private func progress() {
    control.progress += 1
    beat()
  }

  /// Tells the coordinator, and both neighbours, that this thread works; when that is due.
  private func beat() {
    guard control.isBeatDue else { return }
    control.beat(epoch: epoch, taken: runner?.taken ?? 0, passed: runner?.passed ?? 0)
    // That a neighbour is gone is noticed elsewhere.
    try? runner?.beat(on: inbox)
  }

  /// The stage, once its weights are there.
  private var runner: StageRunner? {
    switch phase {
    case .linking(_, let runner, _, _), .serving(let runner): runner
    default: nil
    }
  }

  /// Keeps for later what says that a link was cut.
  private func sparingCuts(_ body: () throws -> Void) throws {
    do { try body() } catch WorkerError.link(let link, let error as LinkError) where error == .cut {
      cut = cut ?? (.link(link, error), .now)
    }
  }

  /// Takes in what happened to those who dialled in.
  private func watchConnections() throws {
    for event in try watch?.events() ?? [] {
      switch event {
      case .disconnected(let connection):
        do { try runner?.disconnected(connection) } catch { throw WorkerError.link(.incoming, error) }
      case .ended(let host, let reason): notify(.ignored(address: host, reason: reason))
      case .shortOfDescriptors: notify(.shortOfDescriptors)
      case .handshakeFailed: break
      }
    }
  }

  // MARK: - Activations

  private func receive(_ runner: StageRunner) throws {
    guard try runner.sendPending() else { return }
    switch try inbox.receive(atMost: 3) {
    case .nothing: return
    case .tooMany(let first):
      if runner.isSender(first) {
        throw WorkerError.link(.incoming, WireError.wrongFrameCount(found: 4, expected: 3))
      }
      notify(.ignored(address: first.peerAddress, reason: "sent a message of more than 3 frames"))
    case .frames(let frames):
      watch?.delivered(over: frames[frames.count - 1].connection)
      do {
        if let reason = try runner.take(frames, from: inbox, progress: progress) {
          notify(.ignored(address: frames[frames.count - 1].peerAddress, reason: reason))
        }
      } catch let error as any BreachOfLink { throw WorkerError.link(.incoming, error) }
    }
  }

  private func update(_ runner: StageRunner) throws {
    do { try runner.next.update() } catch let error as any BreachOfLink { throw WorkerError.link(.outgoing, error) }
  }
}

internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
public import ZeroMQ

/// A worker: joins a coordinator, loads the slice it is given and serves it until the coordinator says goodbye.
///
/// Carries out what the ``WorkerState`` decides. One thread does everything: it polls, receives, computes and sends, so that a hop
/// costs no hand-over between threads and a heartbeat says that the thread that computes is alive. That thread needs a stack of at
/// least 1 MiB.
public final class StageService {
  private var state: WorkerState
  private let options: WorkerOptions
  private let context: Context
  private let authenticator: Authenticator?
  private let stopping: Wakeup?
  private let leaving: Wakeup?
  private let notify: (WorkerNotice) -> Void
  private let coordinator: DialedSocket
  private let inbox: Socket
  /// Who dials in; nil within a process.
  private let watch: ConnectionWatch?
  private var connections = ConnectionBook()
  private let kernels: Kernels
  private let pool: ThreadPool
  private let core: CoreClaim
  private var weights: WeightHolder?
  /// What is computed with, and the link to the next stage; while it is one.
  private var stage: Stage?
  /// What it handed on, where the next stage may have to be filled anew.
  private var kept: KeptRows?
  private var buffers: ActivationsPool?
  private var next: DialedSocket?
  private var lastWatched = Instant.now
  /// Activations of the pass that is looked at, and those that were computed and wait for the next stage.
  private var payload: Frame?
  private var computed: Frame?
  private var ended: Result<Void, any Error>?

  private static let watchInterval = Duration.milliseconds(100)

  /// Begins to listen and to dial.
  ///
  /// - Parameters:
  ///   - authenticator: says whom this context lets in; of a member with a pair of its own it is told with each assignment.
  ///   - stopping: ends the service when it is woken, wherever it stands, without a word to the coordinator.
  ///   - leaving: ends it in order when it is woken: what is in the pipe comes back first.
  /// - Throws: ``ZeroMQError`` when it cannot listen; ``KernelsError``.
  public init(
    _ options: WorkerOptions, context: Context, authenticator: Authenticator? = nil, stopping: Wakeup? = nil,
    leaving: Wakeup? = nil, notify: @escaping (WorkerNotice) -> Void
  ) throws {
    (self.options, self.context, self.authenticator) = (options, context, authenticator)
    (self.stopping, self.leaving, self.notify) = (stopping, leaving, notify)
    kernels = try Kernels.selected()
    pool = ThreadPool(threadCount: options.threads)
    core = CoreClaim(threadCount: pool.threadCount)
    inbox = try Socket(.router, context, options: .inbox(options.credentials.listening(at: options.listen)))
    watch = options.listen.hasPrefix("inproc:") ? nil : try ConnectionWatch(inbox)
    watch?.isHeard = false
    let listening = try inbox.bind(options.listen)
    state = WorkerState(
      WorkerSettings(
        coordinator: options.coordinator,
        hello: Hello(
          name: options.name, incarnation: 0, process: UInt64.random(in: 1 ... .max), programVersion: options.build,
          kernels: kernels.name,
          threads: pool.threadCount, memory: options.memory, cores: Host.cores, host: Host.identity,
          address: options.advertise ?? listening, folder: options.weights.folderName,
          configuration: options.weights.configurationFingerprint, weights: options.weightChoice?.rawValue ?? ""),
        isPatient: options.isPatient,
        patience: options.patience),
      random: SystemRandomNumberGenerator(), now: .now)
    coordinator = try DialedSocket(
      options.coordinator, context, .dialing(options.credentials.dialingCoordinator(at: options.coordinator)),
      name: state.control.routingName)
    notify(.dialing(coordinator: options.coordinator, listening: listening))
  }

  /// Serves until the coordinator says goodbye, or it is stopped. Blocks.
  ///
  /// - Throws: ``WorkerError``, ``CheckpointError``, ``ModelError``, ``ZeroMQError``; the coordinator is told why first.
  public func run() throws {
    do {
      try tell(.tick)
      while ended == nil { try step() }
    } catch {
      state.fail(error)
      try? carryOut()
      if ended == nil { ended = .failure(error) }
    }
    try ended?.get()
  }

  private func step() throws {
    var items = [coordinator.messages]
    if let events = coordinator.events { items.append(events) }
    let controlCount = items.count
    if let next { items.append(next.messages) }
    let nextEnd = items.count
    // What cannot be taken now waits in the socket, and must not end every wait at once.
    let listens = state.takesMessages
    if listens { items.append(.socket(inbox)) }
    if let watch { items.append(.wakeup(watch.news)) }
    if let stopping { items.append(.wakeup(stopping)) }
    if let leaving { items.append(.wakeup(leaving)) }
    let ready = try Poll.wait(items, timeout: max(.zero, state.nextTick - .now))
    if stopping != nil, ready[ready.count - (leaving == nil ? 1 : 2)] {
      ended = .success(())
      return
    }
    if let leaving, ready.last == true {
      leaving.clear()
      try tell(.leave)
    }
    // Sockets that have nothing are not asked: a pass on its way to be computed would wait for each.
    if ready.prefix(controlCount).contains(true) { try takeFromCoordinator() }
    if controlCount < nextEnd, ready[controlCount] { try takeFromNext() }
    if listens, ready[nextEnd] { try takeMessage() }
    if watch != nil, ready[nextEnd + (listens ? 1 : 0)] { try watchConnections() }
    // Now and then: a message on its way would wait for the question.
    if .now - lastWatched > Self.watchInterval { try watchNext() }
    try tell(.tick)
  }

  /// Tells the state, and carries out what it wants.
  private func tell(_ event: WorkerEvent) throws {
    state.handle(event, at: .now)
    try carryOut()
  }

  private func carryOut() throws {
    while let effect = state.nextEffect() { try carryOut(effect) }
  }

  // MARK: - What comes

  private func takeFromCoordinator() throws {
    while let event = try coordinator.nextEvent() {
      switch event {
      case .connected: try tell(.coordinatorConnected)
      case .handshakeFailed(let reason, _): try tell(.coordinatorHandshakeFailed(reason: reason))
      case .disconnected: try tell(.coordinatorDisconnected)
      }
    }
    while ended == nil {
      switch try coordinator.receive() {
      case .nothing: return
      case .tooMany: try tell(.coordinatorUnreadable(.wrongFrameCount(found: 2, expected: 1)))
      case .frames(let frames): try tell(Self.read(frames[0], { .coordinator($0, $1) }) { .coordinatorUnreadable($0) })
      }
    }
  }

  private func takeFromNext() throws {
    while let next, ended == nil {
      switch try next.receive() {
      case .nothing: return
      case .tooMany: try tell(.nextUnreadable(.wrongFrameCount(found: 2, expected: 1)))
      case .frames(let frames): try tell(Self.read(frames[0], { .next($0, $1) }) { .nextUnreadable($0) })
      }
    }
  }

  private func watchNext() throws {
    lastWatched = .now
    while let event = try next?.nextEvent() {
      switch event {
      case .connected: try tell(.nextConnected)
      case .handshakeFailed(_, let isRefusal): try tell(.nextHandshakeFailed(isRefusal: isRefusal))
      case .disconnected: try tell(.nextDisconnected)
      }
    }
  }

  private static func read(
    _ frame: Frame, _ make: (Header, Message) -> WorkerEvent, unreadable: (WireError) -> WorkerEvent
  ) -> WorkerEvent {
    do throws(WireError) {
      let (header, message) = try frame.withUnsafeBytes { bytes throws(WireError) in try Message.decode(bytes) }
      return make(header, message)
    } catch { return unreadable(error) }
  }

  /// One message of those who dialled in: more may only be taken when it has led to nothing that waits.
  private func takeMessage() throws {
    switch try inbox.receive(atMost: 3) {
    case .nothing: return
    case .tooMany(let first):
      try tell(.misshapen(reason: "sent a message of more than 3 frames", from: Peer(first.bytes, caller(first))))
    case .frames(let frames):
      let (id, last) = (frames[0].bytes, frames[frames.count - 1])
      watch?.delivered(over: last.connection)
      guard frames.count >= 2 else {
        return try tell(.misshapen(reason: "sent a message without a header", from: Peer(id, caller(last))))
      }
      payload = frames.count == 3 ? frames[2] : nil
      defer { payload = nil }
      let count = payload?.count
      // Of the sender of activations everything is known.
      let peer = state.isSender(id) ? Peer(id) : Peer(id, caller(last))
      try tell(
        Self.read(frames[1], { .message($0, $1, payload: count, from: peer) }) { .unreadable($0, from: peer) })
    }
  }

  private func caller(_ frame: Frame) -> Caller {
    guard let descriptor = frame.connection else { return Caller() }
    return Caller(
      connection: connections.number(of: descriptor), key: frame.userID.flatMap { try? CurveKey(z85: $0) },
      host: frame.peerAddress)
  }

  private func watchConnections() throws {
    for event in try watch?.events() ?? [] {
      switch event {
      case .disconnected(let descriptor): connections.ended(descriptor)
      case .ended(let host, let reason): notify(.ignored(address: host, reason: reason))
      case .shortOfDescriptors: notify(.shortOfDescriptors)
      case .handshakeFailed: break
      }
    }
    for connection in connections.takeEnded() { try tell(.disconnected(connection)) }
  }

  // MARK: - What the state wants

  private func carryOut(_ effect: WorkerEffect) throws {
    switch effect {
    case .dialCoordinatorAgain(let name):
      try dialCoordinatorAgain(name)
    // What may get lost with the link: a lost link is a lost worker.
    case .tell(let header, let message): _ = try? coordinator.send([Frame(message.encode(header: header))])
    case .setLastWords(let time): try? coordinator.setLinger(time)
    case .send(let id, let header, let message):
      // That a neighbour is gone is noticed elsewhere.
      _ = try inbox.send([Frame(id), Frame(message.encode(header: header))])
    case .hear(let isHeard): watch?.isHeard = isHeard
    case .allowWaiting(let bytes): watch?.allow(unfinished: bytes)
    case .letIn(let key):
      if options.credentials?.isOwn == true { authenticator?.accept(Set(CurveKey(key).map { [$0] } ?? [])) }
    case .dialNext(let address, let key, let name):
      let address = address ?? coordinator.peer.map { "\($0)" } ?? options.coordinator
      guard let security = options.credentials.dialing(address, key: key) else { throw WorkerError.withoutKey }
      next = try DialedSocket(address, context, .dialing(security), name: name)
      // Within a process nobody says so.
      if next?.events == nil { state.handle(.nextConnected, at: .now) }
    case .dialNextAgain(let name):
      try next?.dialAgain(name: name)
      if next?.events == nil { state.handle(.nextConnected, at: .now) }
    case .tellNext(let header, let message): try next?.send([Frame(message.encode(header: header))])
    case .hangUpNext:
      next = nil
      computed = nil
    case .askQuiet(let side, let number, let heard): try tellQuiet(side, number, heard)
    case .measure(let configuration):
      let points = try BlockTimer(configuration, kernels: kernels, pool: pool).measure()
      try tell(.measured(points.map { BlockTime(rows: $0.rows, seconds: $0.seconds) }))
    case .hold(let assignment, let configuration):
      if weights?.configuration != configuration {
        weights = WeightHolder(configuration, from: options.weights, kernels: kernels, pool: pool)
      }
      if !assignment.keepsCache || stage?.layers != assignment.layers { (stage, kept) = (nil, nil) }
      try weights!.begin(assignment, progress: progress)
      try goOnLoading()
    case .accept(let piece):
      try weights?.accept(piece)
      try tell(.progressed)
      try goOnLoading()
    case .serve(let assignment, let place):
      if stage == nil {
        if assignment.keepsCache { throw WorkerError.unfit(reason: "there is no cache to be kept") }
        stage = try weights!.stage(assignment.layers, slotCount: place.slotCount)
        kept = place.keptSlots > 0 ? KeptRows(slotCount: place.keptSlots, width: weights!.configuration.width) : nil
      }
      buffers = ActivationsPool(width: weights!.configuration.width)
    case .compute(let pass): try compute(pass)
    case .recall(let pass): try recall(pass)
    case .passOn(let header, let pass, let hasRows):
      guard let rows = hasRows ? computed : Frame([]) else { preconditionFailure("nothing was computed") }
      computed = nil
      try next?.send([Frame(Message.pass(pass).encode(header: header)), rows])
      state.handle(.passedOn, at: .now)
    case .notify(let notice): notify(notice)
    case .end(let error): ended = error.map { .failure($0) } ?? .success(())
    }
  }

  private func dialCoordinatorAgain(_ name: String) throws {
    // A name that cannot be looked up just now may be in a moment.
    do throws(ZeroMQError) { try coordinator.dialAgain(name: name) } catch {
      guard case .unknownHost = error else { throw error }
      try tell(.coordinatorHandshakeFailed(reason: "\(error)"))
    }
  }

  /// Where the system does not know better, silence is what was heard; within a process nothing gets lost.
  private func tellQuiet(_ side: LinkSide, _ number: ConnectionNumber?, _ heard: Duration) throws {
    let silence =
      switch side {
      case .outgoing: next?.silence(heard: heard)
      case .incoming: number.flatMap { connections[$0] }.map { min(heard, $0.silence ?? heard) }
      }
    if let silence { try tell(.quiet(side, silence)) }
  }

  private func progress() { try? tell(.progressed) }

  /// Asks for what is missing; says so when all of the blocks are in memory.
  private func goOnLoading() throws {
    while let wanted = try weights!.wanted() { try tell(.wants(wanted)) }
    guard let bytes = try weights!.finish(progress: progress) else { return }
    try tell(.holds(bytesRead: bytes.read, bytesReceived: bytes.received, bytesCached: bytes.cached))
  }

  private func compute(_ pass: Pass) throws {
    guard let payload, let stage, let buffers else { preconditionFailure("a pass that did not come") }
    let activations = try buffers.take(rowCount: pass.microBatch.rowCount)
    payload.withUnsafeBytes { activations.bytes.copyMemory(from: $0) }
    let isFinite = activations.isFinite
    try core.hold {
      try stage.forward(pass.microBatch, activations, progress: progress)
      let isFiniteComputed = activations.isFinite
      kept?.keep(pass.microBatch, activations)
      let (bytes, release) = buffers.lend(activations)
      computed = Frame(borrowing: bytes, release: release)
      // Before the core is given back, since the next stage waits.
      try tell(.computed(isFiniteReceived: isFinite, isFiniteComputed: isFiniteComputed))
    }
  }

  /// Hands on the rows that were kept.
  private func recall(_ pass: Pass) throws {
    guard let buffers, let kept else { throw WorkerError.unfit(reason: "rows are asked for, and none are kept") }
    let activations = try buffers.take(rowCount: pass.microBatch.rowCount)
    try kept.recall(pass.microBatch, into: activations)
    let (bytes, release) = buffers.lend(activations)
    computed = Frame(borrowing: bytes, release: release)
    try tell(.computed(isFiniteReceived: true, isFiniteComputed: true))
  }
}

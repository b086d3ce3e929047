internal import Dispatch
internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// The thread behind an ``Engine``: carries out what the ``CoordinatorState`` decides, with sockets, files, the head and the
/// clock, and tells it what comes of that.
///
/// Everything here belongs to that one thread; callers reach it through the mailbox.
final class EngineDriver {
  private var state: CoordinatorState
  private let options: EngineOptions
  private let context: Context
  private let mailbox: Mailbox
  private let notify: @Sendable (EngineNotice) -> Void
  private let inbox: Socket
  /// Who dials in; nil within a process.
  private let watch: ConnectionWatch?
  private var connections = ConnectionBook()
  private let names = NameCache()
  let listening: String
  private let weights: TensorServer
  /// The coordinator's own parts of the model: while they are loaded, from then on, and while their speed is measured.
  private let loading = OneShot<Result<Finisher, any Error>>()
  private var finisher: Finisher?
  private var measuring: OneShot<Result<EdgeCosts, any Error>>?
  private var isCatalogued = false
  private let core: CoreClaim
  private let buffers: ActivationsPool
  /// The link into the first stage.
  private var first: DialedSocket?
  private var lastWatched = Instant.now
  /// Who gets what the requests bring.
  private var sinks: [RequestID: Sink] = [:]
  /// Activations of the pass that is looked at.
  private var payload: Frame?
  /// Why it is over.
  private var ended: (any Error)?

  /// Messages taken in a round at most, so that nothing else waits for long.
  private static let roundLimit = 64
  private static let longestWait = Duration.milliseconds(100)

  /// Begins to listen.
  init(
    _ checkpoint: Checkpoint, _ options: EngineOptions, _ context: Context, _ mailbox: Mailbox,
    _ statistics: StatisticsBox, notify: @escaping @Sendable (EngineNotice) -> Void
  ) throws {
    (self.options, self.context, self.mailbox, self.notify) = (options, context, mailbox, notify)
    let kernels = try Kernels.selected()
    let pool = ThreadPool(threadCount: options.threads)
    inbox = try Socket(.router, context, options: .inbox(options.credentials.listening(at: options.listen)))
    watch = options.listen.hasPrefix("inproc:") ? nil : try ConnectionWatch(inbox)
    listening = try inbox.bind(options.listen)
    weights = TensorServer(checkpoint)
    core = CoreClaim(threadCount: pool.threadCount)
    buffers = ActivationsPool(width: checkpoint.configuration.width)
    state = CoordinatorState(
      CoordinatorSettings(
        configuration: checkpoint.configuration, listening: listening, workerCount: options.workerCount,
        spares: options.spares, means: options.means, replayMemory: options.replayMemory,
        restarts: options.restart != nil, build: options.build,
        sharesFiles: options.sharesFiles,
        wishes: ClusterPlan.Wishes(
          split: options.split, microBatchRows: options.microBatchRows, slotCount: options.slotCount),
        waitingLimit: options.waitingLimit, patience: options.patience, workerFlags: options.workerFlags,
        comesAgain: options.comesAgain, key: options.credentials?.own.publicKey, host: Host.identity, cores: Host.cores,
        threads: pool.threadCount),
      statistics: statistics, allowed: options.allowedKeys, random: SystemRandomNumberGenerator(), now: .now)
    DispatchQueue.global(qos: .userInitiated).async { [loading] in
      loading.set(Result { try Finisher(checkpoint, kernels: kernels, pool: pool) })
      mailbox.wakeup.wake()
    }
    if !options.sharesFiles {
      weights.computeFingerprints(threadCount: options.threads) { mailbox.wakeup.wake() }
    }
    notify(.listening(listening, workers: options.workerCount + options.spares))
  }

  /// Runs until it is stopped or something fails; whoever waits for a result is told.
  func run() {
    do { while ended == nil { try step() } } catch {
      state.end(error, reason: "\(error)")
      try? carryOut()
    }
    let error = ended ?? ClusterError.stopped
    for sink in sinks.values { sink.finish(error) }
    for sink in mailbox.close(error) { sink.finish(error) }
  }

  // MARK: - One round

  private func step() throws {
    var items: [PollItem] = [.socket(inbox), .wakeup(mailbox.wakeup)]
    if let watch { items.append(.wakeup(watch.news)) }
    if let first { items.append(first.messages) }
    let ready = try Poll.wait(items, timeout: Self.longestWait)
    if ready[1] {
      mailbox.wakeup.clear()
      try takeCommands()
      try takeOwnWork()
    }
    if ready[0] { try takeMessages() }
    try tellEnded()
    if watch != nil, ready[2] { try watchConnections() }
    if first != nil, ready[ready.count - 1] { try takeFromFirst() }
    // Now and then: a message on its way into the pipe would wait for the question.
    if .now - lastWatched > Self.longestWait { try watchFirst() }
    try tell(.tick)
  }

  /// Tells the state, and carries out what it wants.
  private func tell(_ event: CoordinatorEvent) throws {
    state.handle(event, at: .now)
    try carryOut()
  }

  private func carryOut() throws {
    while let effect = state.nextEffect() { try carryOut(effect) }
  }

  private func takeCommands() throws {
    for command in mailbox.take() {
      switch command {
      case .stop:
        state.end(ClusterError.stopped, reason: "")
        try carryOut()
      case .submit(let id, let work, let client, let sink):
        sinks[id] = sink
        try tell(.submit(id, work, client))
      case .cancel(let id):
        sinks[id] = nil
        try tell(.cancel(id))
      case .hold(let id): try tell(.hold(id))
      case .resume(let id): try tell(.resume(id))
      case .lose(let name, let start, let reason): try tell(.lose(name: name, start: start, reason: reason))
      case .allow(let keys): try tell(.allow(keys))
      }
    }
  }

  /// What was done beside this thread.
  private func takeOwnWork() throws {
    if finisher == nil, let result = loading.value {
      finisher = try result.get()
      // Weak, since the finisher is this driver's own.
      finisher!.progress = { [weak self] in try? self?.tell(.progressed) }
      try tell(.loaded)
    }
    if let result = measuring?.value {
      measuring = nil
      try tell(.measured(try result.get()))
    }
    if !isCatalogued, let tensors = try weights.catalog(sharesFiles: options.sharesFiles) {
      isCatalogued = true
      try tell(.catalogued(tensors))
    }
  }

  // MARK: - The listening socket

  private func takeMessages() throws {
    for _ in 0..<Self.roundLimit {
      switch try inbox.receive(atMost: 3) {
      case .nothing: return
      case .tooMany(let first):
        try tell(.misshapen(reason: "sent a message of more than 3 frames", from: peer(first.bytes, first)))
      case .frames(let frames): try take(frames)
      }
    }
  }

  private func take(_ frames: [Frame]) throws {
    let id = frames[0].bytes
    guard frames.count >= 2 else {
      return try tell(.misshapen(reason: "sent a message without a header", from: peer(id, frames[0])))
    }
    watch?.delivered(over: frames[1].connection)
    let (header, message): (Header, Message)
    do throws(WireError) {
      (header, message) = try frames[1].withUnsafeBytes { bytes throws(WireError) in try Message.decode(bytes) }
    } catch { return try tell(.unreadable(error, from: peer(id, frames[1]))) }
    switch message {
    case .pass where state.isLastStage(id), .beat where state.isLastStage(id):
      payload = frames.count == 3 ? frames[2] : nil
      defer { payload = nil }
      let described = payload.map { frame in
        Payload(byteCount: frame.count, isFinite: frame.withUnsafeBytes { Activations.isFinite($0) })
      }
      try tell(.message(header, message, payload: described, from: Peer(id)))
    case .hello(var hello):
      let peer = peer(id, frames[1], isFirstWord: true)
      switch resolved(hello.address) {
      case .pending: break
      case .unknown(let reason): try tell(.unresolved(hello, from: peer, reason: reason))
      case .found(let address):
        hello.address = address
        try tell(.message(header, .hello(hello), payload: nil, from: peer))
      }
    case .open: try tell(.message(header, message, payload: nil, from: peer(id, frames[1], isFirstWord: true)))
    default: try tell(.message(header, message, payload: nil, from: peer(id, frames[1])))
    }
  }

  /// Whom a message came from.
  ///
  /// - Parameter isFirstWord: whether it is the first that somebody says, so that it matters over which connection.
  private func peer(_ id: [UInt8], _ frame: Frame, isFirstWord: Bool = false) -> Peer {
    guard let descriptor = frame.connection else { return Peer(id) }
    var caller = Caller(key: frame.userID.flatMap { try? CurveKey(z85: $0) }, host: frame.peerAddress)
    if isFirstWord {
      caller.connection = connections.number(of: descriptor)
      caller.isElsewhere = caller.host.map { !Address.isOfThisMachine($0) } ?? false
    }
    return Peer(id, caller)
  }

  /// An address without a name, so that nobody need look one up in the middle of work; while it is looked up, and when there is no
  /// such host, the hello is repeated.
  private func resolved(_ text: String) -> NameCache.Answer {
    guard let address = try? Address(text), let name = address.name, case .tcp(_, let port) = address else {
      return .found(text)
    }
    switch names.address(of: name, known: { [wakeup = mailbox.wakeup] in wakeup.wake() }) {
    case .found(let host): return .found("\(Address.tcp(host: host, port: port))")
    case let other: return other
    }
  }

  private func watchConnections() throws {
    for event in try watch?.events() ?? [] {
      switch event {
      case .handshakeFailed(let failure): try tell(.connectionFailed(reason: "\(failure)"))
      case .disconnected(let descriptor): connections.ended(descriptor)
      case .ended(let host, let reason): notify(.ignored(address: host, reason: reason))
      case .shortOfDescriptors: notify(.shortOfDescriptors)
      }
    }
    // What they said last tells more than that they are gone.
    try takeMessages()
    try tellEnded()
  }

  private func tellEnded() throws {
    for connection in connections.takeEnded() { try tell(.disconnected(connection)) }
  }

  // MARK: - The link into the first stage

  private func takeFromFirst() throws {
    while let first {
      switch try first.receive() {
      case .nothing: return
      case .tooMany: try tell(.firstUnreadable(.wrongFrameCount(found: 2, expected: 1)))
      case .frames(let frames):
        do throws(WireError) {
          let (header, message) = try frames[0].withUnsafeBytes { bytes throws(WireError) in try Message.decode(bytes) }
          state.handle(.first(header, message), at: .now)
        } catch { state.handle(.firstUnreadable(error), at: .now) }
        try carryOut()
      }
      if ended != nil { return }
    }
  }

  private func watchFirst() throws {
    lastWatched = .now
    while let event = try first?.nextEvent() {
      switch event {
      case .connected: try tell(.firstConnected)
      case .handshakeFailed(_, let isRefusal): try tell(.firstHandshakeFailed(isRefusal: isRefusal))
      case .disconnected: try tell(.firstDisconnected)
      }
    }
  }

  // MARK: - What the state wants

  private func carryOut(_ effect: CoordinatorEffect) throws {
    switch effect {
    case .send(let id, let header, let message):
      // One that is gone is noticed by its silence, or by the end of its connection.
      _ = try? inbox.send([Frame(id), Frame(message.encode(header: header))])
    case .dialFirst(let address, let key, let name):
      guard let security = options.credentials.dialing(address, key: key) else {
        preconditionFailure("a worker without a key was let in")
      }
      first = try DialedSocket(address, context, .dialing(security), name: name)
      // Within a process nobody says so.
      if first?.events == nil { state.handle(.firstConnected, at: .now) }
    case .dialFirstAgain(let name):
      try first?.dialAgain(name: name)
      if first?.events == nil { state.handle(.firstConnected, at: .now) }
    case .sendFirst(let header, let message): try first?.send([Frame(message.encode(header: header))])
    case .hangUpFirst: first = nil
    case .restart(let name): options.restart?(name)
    case .askQuiet(let side, let number, let heard): try tellQuiet(side, number, heard)
    case .endConnection(let number): connections[number]?.end()
    case .allowWaiting(let bytes): watch?.allow(unfinished: bytes)
    case .measure: measure()
    case .readPieces(let wanted, let layers, let id):
      do {
        try tell(.pieces(try weights.pieces(wanted, of: layers), for: id))
      } catch let error as WantedError { try tell(.unwanted(error, from: id)) }
    case .embed(let dispatch, let header): try embed(dispatch, header)
    case .finish(let job): try finish(job)
    case .deliver(let id, let result):
      // Held before its drained event can be taken from the mailbox.
      if sinks[id]?.deliver(result) == true { state.handle(.hold(id), at: .now) }
    case .complete(let id, let error): sinks.removeValue(forKey: id)?.finish(error)
    case .notify(let notice): notify(notice)
    case .open(let stages): mailbox.becomeReady(stages)
    case .end(let error): ended = error
    }
  }

  /// Where the system does not know better, silence is what was heard; within a process nothing gets lost.
  private func tellQuiet(_ side: LinkSide, _ number: ConnectionNumber?, _ heard: Duration) throws {
    let silence =
      switch side {
      case .outgoing: first?.silence(heard: heard)
      case .incoming: number.flatMap { connections[$0] }.map { min(heard, $0.silence ?? heard) }
      }
    if let silence { try tell(.quiet(side, silence)) }
  }

  private func measure() {
    let result = OneShot<Result<EdgeCosts, any Error>>()
    measuring = result
    // Nothing is embedded or finished before it is done.
    nonisolated(unsafe) let finisher = finisher!
    DispatchQueue.global(qos: .userInitiated).async { [wakeup = mailbox.wakeup] in
      result.set(Result { try finisher.measure() })
      wakeup.wake()
    }
  }

  private func embed(_ dispatch: Dispatch, _ header: Header) throws {
    let start = Instant.now
    let pass = Pass(
      microBatch: dispatch.microBatch, width: finisher!.configuration.width, refill: dispatch.refill, records: [])
    guard pass.hasRows(into: 0) else {
      // Another stage has the rows.
      try first?.send([Frame(Message.pass(pass).encode(header: header)), Frame([])])
      return state.handle(.embedded(sequence: dispatch.sequence, isFinite: true, start: start), at: .now)
    }
    let activations = try buffers.take(rowCount: dispatch.microBatch.rowCount)
    try finisher!.embed(dispatch.tokens, dispatch.microBatch, into: activations)
    let isFinite = activations.isFinite
    let (bytes, release) = buffers.lend(activations)
    try first?.send([Frame(Message.pass(pass).encode(header: header)), Frame(borrowing: bytes, release: release)])
    state.handle(.embedded(sequence: dispatch.sequence, isFinite: isFinite, start: start), at: .now)
  }

  private func finish(_ job: FinishJob) throws {
    guard let payload, let finisher else { preconditionFailure("rows that did not come") }
    // Callers wake up threads of their own, which want a core too: they come when this one is given back.
    var forCallers: [CoordinatorEffect] = []
    try core.hold {
      let activations = try buffers.take(rowCount: job.rowCount)
      payload.withUnsafeBytes { activations.bytes.copyMemory(from: $0) }
      let outcomes = try finisher.finish(activations, job) { state.scheduler.generation(of: $0) }
      buffers.put(activations)
      state.handle(.finished(outcomes), at: .now)
      // Before the core is given back, since the first stage waits.
      while let effect = state.nextEffect() {
        switch effect {
        case .deliver, .complete: forCallers.append(effect)
        default: try carryOut(effect)
        }
      }
    }
    for effect in forCallers { try carryOut(effect) }
  }
}

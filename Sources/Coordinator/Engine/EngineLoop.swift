internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import ZeroMQ

/// The thread behind an ``Engine``: lets workers join, deals the blocks out, and drives the ``Pipe`` they make.
///
/// Everything here belongs to that one thread; callers reach it through the mailbox.
final class EngineLoop {
  private let checkpoint: Checkpoint
  private let options: EngineOptions
  private let context: Context
  private let mailbox: Mailbox
  private let notify: @Sendable (EngineNotice) -> Void
  private let kernels: Kernels
  private let pool: ThreadPool
  private let inbox: Socket
  private let inboxMonitor: Monitor?
  let listening: String
  private let parts: Deferred<Finisher>
  private let server: TensorServer
  private let statistics: StatisticsBox

  private var roster: Roster
  /// The blocks of each stage.
  private var layers: [LayerRange] = []
  private var pacing = Pacing(stageCount: 1)
  private var positionBudget = 1
  /// Where the last stage's activations arrive, from when there is a plan.
  private var receiver: PassReceiver?
  /// From when every stage is ready.
  private var pipe: Pipe?
  /// Requests that came before the pipe was there.
  private var early: [(id: RequestID, work: Work, client: ClientID, sink: Sink)] = []
  private var turnedAway: [String] = []
  /// Workers whose connection has ended.
  private var ended: [Roster.ID] = []
  /// How far the stages were when it was last said: those that are ready, and bytes of weights sent.
  private var loaded = (ready: 0, bytesSent: 0)
  private var bytesSent = 0
  private var lastPulse: UInt64 = 0
  private var lastStep: UInt64 = MonotonicTime.now
  private let started = ContinuousClock.now

  private static let pulseInterval: UInt64 = 200_000_000

  /// Begins to listen.
  init(
    _ checkpoint: Checkpoint, _ options: EngineOptions, _ context: Context, _ mailbox: Mailbox,
    _ statistics: StatisticsBox, notify: @escaping @Sendable (EngineNotice) -> Void
  ) throws {
    self.checkpoint = checkpoint
    self.options = options
    self.context = context
    self.mailbox = mailbox
    self.statistics = statistics
    self.notify = notify
    let kernels = try Kernels.selected()
    let pool = ThreadPool(threadCount: options.threads)
    (self.kernels, self.pool) = (kernels, pool)
    inbox = try Socket(.router, context, options: .inbox(key: options.key))
    inboxMonitor = options.listen.hasPrefix("inproc:") ? nil : try inbox.monitor()
    listening = try inbox.bind(options.listen)
    server = TensorServer(checkpoint)
    parts = Deferred { try Finisher(checkpoint, kernels: kernels, pool: pool) }
    if !options.sharesFiles {
      server.computeFingerprints(threadCount: options.threads) { mailbox.wakeup.wake() }
    }
    roster = Roster(
      expected: options.workerCount, measures: options.workerCount > 1 || !options.sharesFiles,
      configuration: checkpoint.configuration.fingerprint.bytes, programVersion: ProgramVersion.current,
      // Random, so that nothing of an earlier run fits; with room above it for the plans to come.
      epoch: UInt64.random(in: 1...(UInt64.max / 2)))
    notify(.listening(listening, workers: options.workerCount))
  }

  /// Runs until it is stopped or something fails; whoever waits for a result is told.
  func run() {
    do {
      while try step() {}
      end(ClusterError.stopped, reason: "")
    } catch {
      end(error, reason: "\(error)")
    }
  }

  private func end(_ error: any Error, reason: String) {
    for member in roster.members { send(.goodbye(Goodbye(reason: reason)), to: member.id) }
    pipe?.end(error)
    for request in early { request.sink.finish(error) }
    for (_, _, sink) in mailbox.close(error) { sink.finish(error) }
  }

  // MARK: - One round

  private func step() throws -> Bool {
    var items: [PollItem] = [.socket(inbox), .wakeup(mailbox.wakeup)]
    if let inboxMonitor { items.append(.monitor(inboxMonitor)) }
    if let pipe { items.append(.socket(pipe.socket)) }
    _ = try Poll.wait(items, timeout: .milliseconds(100))
    mailbox.wakeup.clear()
    guard try takeCommands() else { return false }
    try takeMessages()
    try watchConnections()
    if !ended.isEmpty {
      // What they said last tells more than that they are gone.
      try takeMessages()
      for id in ended { for event in roster.disconnected(id) { try handle(event) } }
      ended = []
    }
    // Plans wait for the fingerprints, which are computed meanwhile.
    if roster.isComplete, try server.descriptions(of: 0..<1, sharesFiles: options.sharesFiles) != nil {
      try plan()
    }
    try advance()
    try passTime()
    if pipe == nil { statistics.occupied(by: nil, early: early.count) }
    return true
  }

  private func takeCommands() throws -> Bool {
    for command in mailbox.take() {
      switch command {
      case .stop: return false
      case .lose(let name, let reason):
        let member = roster.members.first { $0.hello.name == name }
        // Spares are missed by nobody.
        if roster.isAssigned, member?.stage == nil { continue }
        throw ClusterError.workerLost(name: name, blocks: member?.stage.map { layers[$0] }, reason: reason)
      case .submit(let id, let work, let client, let sink):
        if let pipe {
          pipe.submit(id, work, of: client, sink)
        } else if early.count < options.waitingLimit {
          early.append((id, work, client, sink))
        } else {
          sink.finish(AdmissionError.tooManyWaiting(limit: options.waitingLimit))
        }
      case .cancel(let id):
        early.removeAll { $0.id == id }
        pipe?.cancel(id)
      case .hold(let id): pipe?.hold(id)
      case .resume(let id): pipe?.resume(id)
      }
    }
    return true
  }

  private func takeMessages() throws {
    // At most so many a round, so that nothing else waits for long.
    for _ in 0..<64 {
      switch try inbox.receive(atMost: 3) {
      case .nothing: return
      case .tooMany(let first): ignore(first, "sent a message of more than 3 frames")
      case .frames(let frames): try take(frames)
      }
    }
    // There may be more, which poll would not say again.
    mailbox.wakeup.wake()
  }

  private func take(_ frames: [Frame]) throws {
    guard frames.count >= 2 else { return ignore(frames[0], "sent a message without a header") }
    let id = frames[0].bytes
    let (header, message): (Header, Message)
    do throws(WireError) {
      (header, message) = try frames[1].withUnsafeBytes { bytes throws(WireError) in try Message.decode(bytes) }
    } catch {
      if roster[id] != nil {
        for event in roster.receiveUnreadable(from: id, reason: "it \(error)") { try handle(event, from: id) }
      } else if case .otherVersion = error {
        refuse(id, frames[1].peerAddress ?? "somebody", "it \(error)")
      } else {
        ignore(frames[1], "\(error)")
      }
      return
    }
    switch message {
    case .open, .pass:
      // Whoever has not heard that its plan is over asks again when it has another.
      guard receiver != nil else { return }
      let arrival: PassReceiver.Arrival
      do {
        arrival = try receiver!.receive(frames, header, message)
      } catch {
        throw ClusterError.workerBroken(name: roster.stages.last?.name ?? "", reason: "\(error)")
      }
      switch arrival {
      case .stranger(let reason): ignore(frames[1], reason)
      case .notDue: break
      case .opened(let answer): try answer.send(on: inbox)
      case .pass(let header, let pass, let payload, let answer):
        try answer?.send(on: inbox)
        // The clocks of processes on this host are one.
        let offsets = roster.stages.map { $0.hello.host == HostIdentity.current ? 0 : $0.clockOffset }
        guard let pipe else {
          throw ClusterError.workerBroken(
            name: roster.stages.last?.name ?? "", reason: "a pass came before there was work")
        }
        try pipe.finish(pass, header, payload, offsets: offsets)
      }
    default:
      // What happened to connections before this message is looked at before it: their numbers are used again.
      if case .hello = message { try watchConnections() }
      let events = roster.receive(message, header, from: id, over: frames[1].connection, now: MonotonicTime.now)
      for event in events { try handle(event, from: id, at: frames[1].peerAddress) }
    }
  }

  private func ignore(_ frame: Frame, _ reason: String) {
    notify(.ignored(address: frame.peerAddress, reason: reason))
  }

  // MARK: - Membership

  /// - Parameter sender: whose message it came from, if it did.
  private func handle(_ event: Roster.Event, from sender: Roster.ID? = nil, at address: String? = nil) throws {
    switch event {
    case .joined(let id):
      guard let member = roster[id] else { return }
      send(.welcome(Welcome(configuration: checkpoint.configuration.json, measures: roster.measures)), to: id)
      notify(
        .joined(
          name: member.name, address: member.hello.address, folder: member.hello.folder, count: roster.members.count,
          of: options.workerCount))
    case .refused(let id, let name, let reason): refuse(id, name, reason)
    case .wanted(let id, let wanted):
      guard let member = roster[id], let stage = member.stage else { return }
      do {
        for piece in try server.pieces(wanted, of: layers[stage]) {
          bytesSent += piece.bytes.count
          send(.piece(piece), to: id)
        }
      } catch let error as WantedError {
        for event in roster.receiveUnreadable(from: id, reason: "\(error)") { try handle(event, from: id) }
      }
    case .ready: try connect()
    case .lost(let name, let stage, let reason):
      try part(from: name, stage, .workerLost(name: name, blocks: stage.map { layers[$0] }, reason: reason), reason)
    case .failed(let name, let stage, let reason):
      try part(from: name, stage, .workerFailed(name: name, reason: reason), reason)
    case .broken(let name, let stage, let reason):
      let error = ClusterError.workerBroken(name: name, reason: reason)
      // It is still there, and does not know.
      if let sender { send(.goodbye(Goodbye(reason: "\(error)")), to: sender) }
      try part(from: name, stage, error, reason)
    case .stranger(let id, let reason):
      // It may be a worker that was given up while it was stopped, or one of an earlier coordinator.
      send(.goodbye(Goodbye(reason: "it does not know this worker, or has given it up; start it again")), to: id)
      notify(.ignored(address: address, reason: reason))
    }
  }

  /// Goes on without a worker where that can be: before the pipe is open another may take its place.
  private func part(from name: String, _ stage: Int?, _ error: ClusterError, _ reason: String) throws {
    let isSpare = roster.isAssigned && stage == nil
    // Nobody comes for workers that were started with this process.
    guard isSpare || pipe == nil && !options.sharesFiles else { throw error }
    notify(.left(name: name, reason: reason, count: roster.members.count, of: options.workerCount))
    if isSpare { return }
    turnAway("\(name): \(reason)")
    guard stage != nil else { return }
    roster.unassign()
    (receiver, layers) = (nil, [])
  }

  private func turnAway(_ reason: String) {
    if turnedAway.count < 16, !turnedAway.contains(reason) { turnedAway.append(reason) }
  }

  private func refuse(_ id: [UInt8], _ name: String, _ reason: String) {
    send(.refusal(Refusal(reason: reason)), to: id)
    turnAway("\(name): \(reason)")
    notify(.refused(name: name, reason: reason))
  }

  private func send(_ message: Message, to id: [UInt8]) {
    let header = roster.header(for: id)
    // One that is gone is noticed by its silence.
    _ = try? inbox.send([Frame(id), Frame(message.encode(header: header))])
  }

  // MARK: - Plan

  /// Deals the blocks out to the workers that are there.
  private func plan() throws {
    let configuration = checkpoint.configuration
    var workers = roster.candidates
    // Workers that were started together come in any order; people count them by their names.
    if options.sharesFiles { workers.sort { ($0.name.count, $0.name) < ($1.name.count, $1.name) } }
    let edges = roster.measures ? try parts.get().measure() : nil
    let cores = ThreadPool.availableCores
    let members = workers.map { worker in
      // Alike workers of one host were measured side by side, and what differs between them is chance.
      let alike = workers.filter { $0.hello.host == worker.hello.host && $0.hello.threads == worker.hello.threads }
      let seconds = alike.compactMap { TimeCurve($0.blockTimes)?.seconds(rows: Self.plannedRows) }.reduce(0, +)
      // Everybody who was asked for is to take part, so each counts as a host of its own.
      return Member(
        name: worker.name, host: worker.name, cores: worker.hello.cores, threads: worker.hello.threads,
        memory: worker.hello.memory, blockSeconds: seconds > 0 ? seconds / Double(alike.count) : 1)
    }
    let coordinator = CoordinatorLoad(
      host: HostIdentity.current, cores: cores, threads: pool.threadCount,
      seconds: edges?.head.seconds(rows: Self.plannedRows) ?? 0)
    let memory = StageMemory(configuration, rowLimit: 512)
    let plan: StagePlan
    do throws(PlanError) {
      plan =
        if let split = options.split {
          try StagePlan(split: split, blockCount: configuration.layerCount, members: members, memory: memory)
        } else {
          try StagePlan(
            balancing: configuration.layerCount, over: members, coordinator: coordinator, memory: memory)
        }
    } catch { throw ClusterError.plan(error) }

    let stages = plan.stages.map { (worker: workers[$0.member], layers: $0.layers) }
    layers = stages.map(\.layers)
    pacing =
      if stages.count > 1, let edges {
        pace(plan, workers, members, coordinator, edges)
      } else {
        Pacing(stageCount: stages.count, fixedRows: options.microBatchRows)
      }
    notify(.paced(rows: pacing.chunkRows, inFlight: pacing.inFlightLimit))
    positionBudget = max(1, plan.positionBudget(members: members, memory: memory))
    roster.assign(stages.map(\.worker.id))
    // Several times what is ever in flight: nobody waits for credit, and it comes, in quarters, once for many passes.
    let credits = min(8 * pacing.inFlightLimit, WireLimits.credits.upperBound)
    receiver = PassReceiver(epoch: roster.epoch, from: stages.count - 1, credits: credits)
    notify(
      .planned(
        stages.map { describe($0.worker, $0.layers) },
        spares: plan.spares.map { "\($0)" }))
    for (index, stage) in stages.enumerated() {
      send(
        .assignment(
          Assignment(
            stage: index, stageCount: stages.count, layers: stage.layers, slotCount: options.slotCount,
            rowLimit: rowLimit, credits: credits,
            next: index + 1 < stages.count ? stages[index + 1].worker.hello.address : listening,
            sharesFiles: options.sharesFiles,
            tensors: try server.descriptions(of: stage.layers, sharesFiles: options.sharesFiles) ?? [])),
        to: stage.worker.id)
    }
    // A slice without blocks: a spare.
    for worker in roster.members where worker.standing == .spare {
      send(
        .assignment(
          Assignment(
            stage: 0, stageCount: stages.count, layers: 0..<0, slotCount: 1, rowLimit: 1, credits: 1, next: listening,
            sharesFiles: true, tensors: [])), to: worker.id)
    }
  }

  /// How many micro-batches, and how large, are best for a plan by what its workers measured.
  private func pace(
    _ plan: StagePlan, _ workers: [Roster.Member], _ members: [Member], _ coordinator: CoordinatorLoad,
    _ edges: EdgeCosts
  ) -> Pacing {
    let configuration = checkpoint.configuration
    let shape = BlockShape(width: configuration.width, matrixElements: configuration.matrixElementsPerBlock)
    // Here it counts who shares a host's cores.
    let placed = zip(workers, members).map { worker, member in
      var member = member
      member.host = worker.hello.host
      return member
    }
    let costs = workers.map { CostModel(curve: TimeCurve($0.blockTimes) ?? edges.head, shape: shape) }
    return Pacing(
      for: PipeModel(plan, members: placed, costs: costs, coordinator: coordinator, edges: edges), rowLimit: 512,
      fixedRows: options.microBatchRows, sequenceLimit: options.slotCount)
  }

  /// Rows of the micro-batch that the plan is made for: a group of sequences being written.
  private static let plannedRows = 16
  /// Most rows of a micro-batch.
  private var rowLimit: Int { min(4096, (32 << 20) / (4 * checkpoint.configuration.width)) }

  private func describe(_ worker: Roster.Member, _ layers: LayerRange) -> StageDescription {
    StageDescription(
      name: worker.name, address: worker.hello.address, layers: layers, threads: worker.hello.threads,
      kernels: worker.hello.kernels, bytesRead: worker.ready?.bytesRead ?? 0,
      bytesReceived: worker.ready?.bytesReceived ?? 0, bytesCached: worker.ready?.bytesCached ?? 0)
  }

  /// Every stage is ready: dials the first.
  private func connect() throws {
    let stages = roster.stages
    let first = try PassSender(
      to: stages[0].hello.address, stage: -1, epoch: roster.epoch, context: context,
      options: .dialing(
        stages[0].hello.address, key: options.key, name: "coordinator#\(String(roster.epoch, radix: 36))"))
    let slowest = stages.flatMap(\.blockTimes).map(\.seconds).max() ?? 0
    let descriptions = zip(stages, layers).map { describe($0, $1) }
    statistics.begin(descriptions)
    let pipe = Pipe(
      descriptions, first: first, finisher: try parts.get(),
      scheduler: Scheduler(
        slotCount: options.slotCount, positionBudget: positionBudget, chunk: Configuration.cacheChunk,
        pacing: pacing, waitingLimit: options.waitingLimit),
      statistics: statistics, blockSeconds: slowest)
    for request in early { pipe.submit(request.id, request.work, of: request.client, request.sink) }
    early = []
    self.pipe = pipe
  }

  /// Sends into the pipe what there is to send; says so when the pipe has opened.
  private func advance() throws {
    guard let pipe else { return }
    let wasOpen = pipe.isOpen
    try pipe.advance()
    guard pipe.isOpen, !wasOpen else { return }
    notify(.ready(pipe.stages))
    mailbox.becomeReady(pipe.stages)
  }

  // MARK: - Time

  private func passTime() throws {
    let now = MonotonicTime.now
    if now - lastPulse >= Self.pulseInterval {
      lastPulse = now
      for member in roster.members { send(.pulse(Pulse(time: now)), to: member.id) }
      if pipe == nil, roster.isAssigned { tellLoading() }
    }
    // Nobody is heard during a halt of this thread itself.
    let halt = Duration.nanoseconds(now - lastStep) - .milliseconds(200)
    lastStep = now
    if halt > .zero { roster.forgive(halt, now: now) }
    // A stage in the middle of something large is silent.
    let grace = Duration.seconds(4 * (pipe?.blockSeconds ?? 0))
    for event in roster.tick(now: now, grace: grace) { try handle(event) }
    if pipe == nil, !roster.isAssigned, .now - started > options.patience {
      throw ClusterError.tooFewWorkers(
        joined: roster.members.map(\.name), expected: options.workerCount, after: options.patience,
        listening: options.sharesFiles ? nil : listening, turnedAway: turnedAway)
    }
  }

  private func tellLoading() {
    let ready = roster.stages.count { if case .ready = $0.standing { true } else { false } }
    guard loaded != (ready, bytesSent) else { return }
    loaded = (ready, bytesSent)
    notify(.loading(ready: ready, of: layers.count, bytesSent: bytesSent))
  }

  private func watchConnections() throws {
    while let event = try inboxMonitor?.next() {
      switch event.kind {
      case .handshakeFailed(let failure):
        turnAway("a connection failed: \(failure)")
        notify(.connectionFailed(reason: "\(failure)"))
      case .disconnected:
        if let id = event.connection.flatMap({ roster.owner(of: $0) }) { ended.append(id) }
      default: break
      }
    }
  }
}

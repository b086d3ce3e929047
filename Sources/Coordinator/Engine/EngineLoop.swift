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
  /// From when enough workers are there; its stages are those of the roster.
  private var plan: ClusterPlan?
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
      try makePlan()
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
        throw ClusterError.workerLost(name: name, blocks: member?.stage.flatMap(blocks), reason: reason)
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
      guard let layers = roster[id]?.stage.flatMap(blocks) else { return }
      do {
        for piece in try server.pieces(wanted, of: layers) {
          bytesSent += piece.bytes.count
          send(.piece(piece), to: id)
        }
      } catch let error as WantedError {
        for event in roster.receiveUnreadable(from: id, reason: "\(error)") { try handle(event, from: id) }
      }
    case .ready: try connect()
    case .lost(let name, let stage, let reason):
      try part(from: name, stage, .workerLost(name: name, blocks: stage.flatMap(blocks), reason: reason), reason)
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
    (receiver, plan) = (nil, nil)
    // Nobody is to go on dialling a stage that is gone.
    for worker in roster.members { sendNoBlocks(to: worker.id) }
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
  private func makePlan() throws {
    let plan = try ClusterPlan(
      checkpoint.configuration, over: roster.candidates, edges: roster.measures ? parts.get().measure() : nil,
      threads: pool.threadCount, options)
    self.plan = plan
    notify(.paced(rows: plan.pacing.chunkRows, inFlight: plan.pacing.inFlightLimit))
    roster.assign(plan.stages.map(\.worker.id))
    receiver = PassReceiver(epoch: roster.epoch, from: plan.stages.count - 1, credits: plan.credits)
    notify(.planned(plan.stages.map(describe), spares: plan.spares))
    for (index, stage) in plan.stages.enumerated() {
      send(
        .assignment(
          Assignment(
            stage: index, stageCount: plan.stages.count, layers: stage.layers, slotCount: options.slotCount,
            rowLimit: rowLimit, credits: plan.credits,
            next: index + 1 < plan.stages.count ? plan.stages[index + 1].worker.hello.address : listening,
            sharesFiles: options.sharesFiles,
            tensors: try server.descriptions(of: stage.layers, sharesFiles: options.sharesFiles) ?? [])),
        to: stage.worker.id)
    }
    for worker in roster.members where worker.standing == .spare { sendNoBlocks(to: worker.id) }
  }

  /// Tells a worker to hold nothing: it is a spare, or its plan is over.
  private func sendNoBlocks(to id: Roster.ID) {
    send(
      .assignment(
        Assignment(
          stage: 0, stageCount: 1, layers: 0..<0, slotCount: 1, rowLimit: 1, credits: 1, next: listening,
          sharesFiles: true, tensors: [])), to: id)
  }

  /// Most rows of a micro-batch that a stage has to take.
  private var rowLimit: Int { min(4096, (32 << 20) / (4 * checkpoint.configuration.width)) }

  /// The blocks of a stage, unless its plan was given up just now.
  private func blocks(_ stage: Int) -> LayerRange? { plan?.stages[stage].layers }

  private func describe(_ worker: Roster.Member, _ layers: LayerRange) -> StageDescription {
    StageDescription(
      name: worker.name, address: worker.hello.address, layers: layers, threads: worker.hello.threads,
      kernels: worker.hello.kernels, bytesRead: worker.ready?.bytesRead ?? 0,
      bytesReceived: worker.ready?.bytesReceived ?? 0, bytesCached: worker.ready?.bytesCached ?? 0)
  }

  /// Every stage is ready: dials the first.
  private func connect() throws {
    guard let plan else { return }
    let stages = roster.stages
    let first = try PassSender(
      to: stages[0].hello.address, stage: -1, epoch: roster.epoch, context: context,
      options: .dialing(
        stages[0].hello.address, key: options.key, name: "coordinator#\(String(roster.epoch, radix: 36))"))
    let slowest = stages.flatMap(\.blockTimes).map(\.seconds).max() ?? 0
    let descriptions = zip(stages, plan.stages).map { describe($0, $1.layers) }
    statistics.begin(descriptions)
    let pipe = Pipe(
      descriptions, first: first, finisher: try parts.get(),
      scheduler: Scheduler(
        slotCount: options.slotCount, positionBudget: plan.positionBudget, chunk: Configuration.cacheChunk,
        pacing: plan.pacing, waitingLimit: options.waitingLimit),
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
    notify(.loading(ready: ready, of: roster.stages.count, bytesSent: bytesSent))
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

internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
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
  /// Who dials in; nil within a process.
  private let watch: ConnectionWatch?
  private let names = NameCache()
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
  /// A data link of the coordinator's own that was cut, and since when: that a worker is gone would tell more.
  private var cut: (error: ClusterError, since: UInt64)?
  /// How far the stages were when it was last said: those that are ready, and bytes of weights sent.
  private var loaded = (ready: 0, bytesSent: 0)
  private var bytesSent = 0
  private var lastPulse: UInt64 = 0
  private var lastStep: UInt64 = Instant.now.nanoseconds
  private let started = Instant.now

  private static let pulseInterval: UInt64 = 200_000_000
  /// How long it waits to learn which worker is gone, when a link was cut.
  private static let cutPatience: UInt64 = 300_000_000
  /// By how much data links may be silent for longer than control links: a worker that is gone is noticed by both.
  private static let linkSlack = Duration.milliseconds(100)
  /// Who was heard within this time is there.
  private static let presence = Duration.milliseconds(700)

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
    inbox = try Socket(.router, context, options: .inbox(options.credentials.listening(at: options.listen)))
    watch = options.listen.hasPrefix("inproc:") ? nil : try ConnectionWatch(inbox)
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
      epoch: UInt64.random(in: 1...(UInt64.max / 2)), isRemote: !options.listen.hasPrefix("inproc:"),
      allowed: options.allowedKeys)
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
    if !reason.isEmpty { notify(.ending(reason)) }
    for member in roster.members { send(.goodbye(Goodbye(reason: reason)), to: member.id) }
    pipe?.end(error)
    for request in early { request.sink.finish(error) }
    for (_, _, sink) in mailbox.close(error) { sink.finish(error) }
  }

  // MARK: - One round

  private func step() throws -> Bool {
    var items: [PollItem] = [.socket(inbox), .wakeup(mailbox.wakeup)]
    if let watch { items.append(.wakeup(watch.news)) }
    if let pipe { items.append(.socket(pipe.socket)) }
    let ready = try Poll.wait(items, timeout: .milliseconds(100))
    mailbox.wakeup.clear()
    guard try takeCommands() else { return false }
    try takeMessages()
    if watch != nil, ready[2] { try watchConnections() }
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
      case .allow(let keys):
        for member in roster.allow(keys) {
          for event in roster.withdraw(member.id) { try handle(event) }
          member.caller.connection?.end()
        }
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
      case .tooMany(let first):
        if receiver?.isSender(first) == true {
          throw breach(WireError.wrongFrameCount(found: 4, expected: 3))
        }
        ignore(first, "sent a message of more than 3 frames")
      case .frames(let frames): try take(frames)
      }
    }
  }

  private func take(_ frames: [Frame]) throws {
    guard frames.count >= 2 else { return ignore(frames[0], "sent a message without a header") }
    let id = frames[0].bytes
    watch?.delivered(over: frames[1].connection)
    let (header, message): (Header, Message)
    do throws(WireError) {
      (header, message) = try frames[1].withUnsafeBytes { bytes throws(WireError) in try Message.decode(bytes) }
    } catch {
      if receiver?.isSender(frames[0]) == true { throw breach(error) }
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
    case .open, .pass, .beat:
      // Whoever has not heard that its plan is over asks again when it has another.
      guard receiver != nil else { return }
      let arrival: PassReceiver.Arrival
      do {
        arrival = try receiver!.receive(frames, header, message)
      } catch let error as any BreachOfLink { throw breach(error) }
      switch arrival {
      case .stranger(let reason): ignore(frames[1], reason)
      case .nothing: break
      case .opened(let answer): try answer.send(on: inbox)
      case .pass(let header, let pass, let payload, let answer):
        try answer?.send(on: inbox)
        // The clocks of processes on this host are one.
        let offsets = roster.stages.map { $0.hello.host == Host.identity ? 0 : $0.clockOffset }
        guard let pipe else {
          throw ClusterError.workerBroken(
            name: roster.stages.last?.name ?? "", reason: "a pass came before there was work")
        }
        try pipe.finish(pass, header, payload, offsets: offsets)
      }
    default:
      // What happened to connections before this message is looked at before it: their numbers are used again.
      guard let message = try resolved(message, from: id, frames[1]) else { return }
      let events = roster.receive(
        message, header, from: id, caller(frames[1], of: message), now: Instant.now.nanoseconds)
      for event in events { try handle(event, from: id, at: frames[1].peerAddress) }
    }
  }

  /// What the last stage did on its link, which it must not.
  private func breach(_ error: any Error) -> ClusterError {
    .workerBroken(name: roster.stages.last?.name ?? "", reason: "\(error)")
  }

  /// Where a message came from; with what only a hello is asked for, where it is one.
  private func caller(_ frame: Frame, of message: Message) -> Roster.Caller {
    guard let descriptor = frame.connection else { return Roster.Caller() }
    var caller = Roster.Caller(key: frame.userID.flatMap { try? CurveKey(z85: $0) })
    guard case .hello = message else { return caller }
    caller.connection = Connection(descriptor)
    caller.host = frame.peerAddress
    caller.isElsewhere = caller.host.map { !Address.isOfThisMachine($0) } ?? false
    return caller
  }

  /// A hello with a numeric address, so that nobody need look a name up in the middle of work; nil while that is looked up, or
  /// when there is no such host: it is repeated. Other messages are as they are.
  private func resolved(_ message: Message, from id: Roster.ID, _ frame: Frame) throws -> Message? {
    guard case .hello(var hello) = message else { return message }
    // What happened to connections before this message is looked at before it: their numbers are used again.
    try watchConnections()
    guard let address = try? Address(hello.address), let name = address.name, case .tcp(_, let port) = address else {
      return message
    }
    switch names.address(of: name, known: { [wakeup = mailbox.wakeup] in wakeup.wake() }) {
    case .pending: return nil
    case .unknown(let reason):
      refuse(
        id, hello.name,
        "it announced \(hello.address), which the coordinator cannot look up (\(reason)); start it with --advertise tcp://HOST:PORT, the address that the other hosts reach it at"
      )
      return nil
    case .found(let host):
      hello.address = "\(Address.tcp(host: host, port: port))"
      return .hello(hello)
    }
  }

  private func ignore(_ frame: Frame, _ reason: String) {
    notify(.ignored(address: frame.peerAddress, reason: reason))
  }

  // MARK: - Membership

  /// - Parameter sender: whose message it came from, if it did.
  private func handle(_ event: Roster.Event, from sender: Roster.ID? = nil, at address: String? = nil) throws {
    switch event {
    case .welcome(let id):
      send(.welcome(Welcome(configuration: checkpoint.configuration.json, measures: roster.measures)), to: id)
    case .joined(let id):
      guard let member = roster[id] else { return }
      notify(
        .joined(
          name: member.name, address: member.hello.address, folder: member.hello.folder, count: roster.joined.count,
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
    case .linkFailed(let name, let stage, let link, let reason):
      try part(from: name, stage, linkFailed(stage, link, name, reason), reason)
    case .stalled(let name, let stage, let time):
      // Until there is work, nothing can be held up.
      if pipe != nil { throw ClusterError.workerStalled(name: name, blocks: blocks(stage), after: time) }
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
    notify(.left(name: name, reason: reason, count: roster.joined.count, of: options.workerCount))
    if isSpare { return }
    turnAway("\(name): \(reason)")
    guard stage != nil else { return }
    roster.unassign()
    (receiver, plan) = (nil, nil)
    // Nobody is to go on dialling a stage that is gone.
    for worker in roster.members { sendNoBlocks(to: worker.id) }
  }

  /// What is wrong, when the worker of a stage says that one of its links is: the link, or the worker behind it.
  ///
  /// - Parameter name: the worker's; it is of the roster no more.
  private func linkFailed(_ stage: Int, _ link: Failure.Link, _ name: String, _ reason: String) -> ClusterError {
    let other = link == .incoming ? stage - 1 : stage + 1
    if let lost = absent(other) { return lost }
    let own = "stage \(stage + 1) (\(name))"
    let foreign = roster.stages.contains { $0.stage == other } ? label(other) : "the coordinator"
    return link == .incoming
      ? .linkLost(from: foreign, to: own, reason: "\(foreign) \(reason)")
      : .linkLost(from: own, to: foreign, reason: "\(foreign) \(reason)")
  }

  /// That a stage's worker is lost, if nothing is heard of it just now: then its links say nothing of their own.
  private func absent(_ stage: Int) -> ClusterError? {
    let now = Instant.now.nanoseconds
    guard let member = roster.stages.first(where: { $0.stage == stage }),
      case let silence = Duration.nanoseconds(now - min(now, member.lastHeard)), silence > Self.presence
    else { return nil }
    return .workerLost(
      name: member.name, blocks: blocks(stage),
      reason: "nothing heard of it at \(member.hello.address) for \(silence.inSeconds)")
  }

  /// A stage as people count, with its worker's name.
  private func label(_ stage: Int) -> String {
    "stage \(stage + 1) (\(roster.stages.first { $0.stage == stage }?.name ?? "?"))"
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
    let patience = Roster.servingPatience + Self.linkSlack + Roster.grace(blockSeconds: plan.slowestBlock)
    // Each link's secret: one into every stage, and one out of the last.
    let secrets = (0...plan.stages.count).map { _ in LinkTerms.makeSecret() }
    let ends =
      [options.credentials?.own.publicKey] + plan.stages.map(\.worker.caller.key) + [options.credentials?.own.publicKey]
    func terms(_ link: Int, toward end: Int) -> LinkTerms {
      LinkTerms(secret: secrets[link], peerKey: watch == nil ? [] : ends[end]?.bytes ?? [])
    }
    receiver = PassReceiver(
      epoch: roster.epoch, from: plan.stages.count - 1, credits: plan.credits,
      terms: terms(plan.stages.count, toward: plan.stages.count), patience: patience)
    firstLink = (terms(0, toward: 1), patience)
    // As much as may wait while this thread computes.
    watch?.allow(unfinished: (plan.credits / 8 + 1) * rowLimit * 4 * checkpoint.configuration.width)
    notify(.planned(plan.stages.map(describe), spares: plan.spares))
    for (index, stage) in plan.stages.enumerated() {
      send(
        .assignment(
          Assignment(
            stage: index, stageCount: plan.stages.count, layers: stage.layers, slotCount: options.slotCount,
            rowLimit: rowLimit, credits: plan.credits,
            next: index + 1 < plan.stages.count ? plan.stages[index + 1].worker.hello.address : listening,
            incoming: terms(index, toward: index), outgoing: terms(index + 1, toward: index + 2),
            patience: UInt64(patience / .nanoseconds(1)), sharesFiles: options.sharesFiles,
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
          incoming: LinkTerms(secret: LinkTerms.makeSecret()), outgoing: LinkTerms(secret: LinkTerms.makeSecret()),
          patience: 0, sharesFiles: true, tensors: [])), to: id)
  }

  /// Of the link into the first stage.
  private var firstLink: (terms: LinkTerms, patience: Duration)?

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
    guard let plan, let firstLink else { return }
    let stages = roster.stages
    let address = stages[0].hello.address
    guard let security = options.credentials.dialing(address, key: firstLink.terms.peerKey) else {
      preconditionFailure("a worker without a key was let in")
    }
    let first = try PassSender(
      to: address, stage: -1, epoch: roster.epoch, terms: firstLink.terms, patience: firstLink.patience,
      context: context, security: security, name: "coordinator#\(String(roster.epoch, radix: 36))")
    let descriptions = zip(stages, plan.stages).map { describe($0, $1.layers) }
    statistics.begin(descriptions)
    let finisher = try parts.get()
    // Weak, since the finisher is this loop's own.
    finisher.progress = { [weak self] in self?.beat() }
    let pipe = Pipe(
      descriptions, first: first, finisher: finisher,
      scheduler: Scheduler(
        slotCount: options.slotCount, positionBudget: plan.positionBudget, chunk: Configuration.cacheChunk,
        pacing: plan.pacing, waitingLimit: options.waitingLimit),
      statistics: statistics, blockSeconds: plan.slowestBlock, predicted: plan.predictor)
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
    let now = Instant.now.nanoseconds
    let isDue = now - lastPulse >= Self.pulseInterval
    beat()
    if isDue, pipe == nil, roster.isAssigned { tellLoading() }
    // Nobody is heard during a halt of this thread itself.
    let halt = Duration.nanoseconds(now - lastStep) - .milliseconds(200)
    lastStep = now
    if halt > .zero {
      roster.forgive(halt, now: now)
      pipe?.forgive(halt, now: now)
    }
    for event in roster.tick(now: now, grace: Roster.grace(blockSeconds: pipe?.blockSeconds ?? 0)) { try handle(event) }
    if let cut, now - cut.since > Self.cutPatience { throw cut.error }
    if isDue, let pipe { try listen(to: pipe, now) }
    if pipe == nil, !roster.isAssigned, .now - started > options.patience {
      throw ClusterError.tooFewWorkers(
        joined: roster.joined.map(\.name), expected: options.workerCount, after: options.patience,
        command: options.sharesFiles
          ? nil : "gpt2 worker --coordinator \(Address.dialed(listening))\(options.workerFlags)", turnedAway: turnedAway
      )
    }
  }

  /// Says that this thread works, when that is due: to the workers, and over the coordinator's own data links.
  private func beat() {
    let now = Instant.now.nanoseconds
    guard now - lastPulse >= Self.pulseInterval else { return }
    lastPulse = now
    for member in roster.members { send(.pulse(Pulse(time: now)), to: member.id) }
    // That a neighbour is gone is noticed elsewhere.
    try? receiver?.beat()?.send(on: inbox)
    try? pipe?.beat()
  }

  /// Sees whether the coordinator's own links work, and whether what went in comes out.
  private func listen(to pipe: Pipe, _ now: UInt64) throws {
    do { try pipe.listen(now: now) } catch let error as LinkError {
      try lose(.linkLost(from: "the coordinator", to: label(0), reason: "\(label(0)) \(error)"), 0, error)
    }
    do { try receiver?.listen(now: now) } catch { try loseLast(error) }
    if let time = pipe.overdue(now: now) { throw overdue(pipe, time) }
  }

  private func loseLast(_ reason: LinkError) throws {
    let stage = pipe.map { $0.stages.count - 1 } ?? 0
    try lose(.linkLost(from: label(stage), to: "the coordinator", reason: "\(label(stage)) \(reason)"), stage, reason)
  }

  private func lose(_ error: ClusterError, _ stage: Int, _ reason: LinkError) throws {
    guard reason == .cut else { throw absent(stage) ?? error }
    guard cut == nil else { return }
    cut = (error, Instant.now.nanoseconds)
    notify(.ending("\(error)"))
  }

  /// Who has what does not come back: the first stage that has taken fewer micro-batches than were handed to it, or handed on fewer
  /// than it took.
  private func overdue(_ pipe: Pipe, _ time: Duration) -> ClusterError {
    var (handedOn, sender) = (pipe.sentCount, "the coordinator")
    for (index, member) in roster.stages.enumerated() {
      let name = label(index)
      if member.taken < handedOn {
        return .linkLost(from: sender, to: name, reason: "\(name) lives, and took nothing for \(time.inSeconds)")
      }
      if member.passed < member.taken { return .workerStalled(name: member.name, blocks: blocks(index), after: time) }
      (handedOn, sender) = (member.passed, name)
    }
    return .workerStalled(name: roster.stages.last?.name ?? "", blocks: blocks(roster.stages.count - 1), after: time)
  }

  private func tellLoading() {
    let ready = roster.stages.count { if case .ready = $0.standing { true } else { false } }
    guard loaded != (ready, bytesSent) else { return }
    loaded = (ready, bytesSent)
    notify(.loading(ready: ready, of: roster.stages.count, bytesSent: bytesSent))
  }

  private func watchConnections() throws {
    for event in try watch?.events() ?? [] {
      switch event {
      case .handshakeFailed(let failure):
        turnAway("a connection failed: \(failure)")
        notify(.connectionFailed(reason: "\(failure)"))
      case .disconnected(let connection):
        // Numbers are used again: the news may be of the connection that had this one before.
        if let id = roster.owner(of: connection), roster[id]?.caller.connection?.stands == false { ended.append(id) }
        do { try receiver?.disconnected(connection) } catch { try loseLast(error) }
      case .ended(let host, let reason): notify(.ignored(address: host, reason: reason))
      case .shortOfDescriptors: notify(.shortOfDescriptors)
      }
    }
  }
}

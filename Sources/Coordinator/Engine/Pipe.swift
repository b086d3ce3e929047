internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// The running pipe as the coordinator sees it: sends micro-batches into the first stage, and makes results of what comes out
/// of the last.
///
/// Belongs to the engine's thread.
final class Pipe {
  /// In the order in which a token passes them.
  let stages: [StageDescription]
  /// The longest that a block took a worker when it measured.
  let blockSeconds: Double
  /// What all stages together should take for so many rows, in seconds; nil where nobody measured.
  private let predicted: (Int) -> Double?
  private var deadline = PassDeadline()
  /// Micro-batches in flight whose embeddings were not finite.
  private var broken: Set<UInt64> = []
  /// Whether the first stage has answered.
  private(set) var isOpen = false
  /// Where micro-batches go in.
  private let first: PassSender
  private let finisher: Finisher
  private let statistics: StatisticsBox
  private let buffers: ActivationsPool
  private let core: CoreClaim
  private let dialed = Instant.now
  private var scheduler: Scheduler
  /// Who gets what the requests bring.
  private var sinks: [RequestID: Sink] = [:]
  private var outbox: [(RequestID, Delivery)] = []
  /// Embedded, and not yet taken by libzmq.
  private var unsent: (dispatch: Dispatch, payload: Frame)?

  private enum Delivery {
    case result(RequestResult)
    case end((any Error)?)
  }

  /// How long the first stage may take to answer.
  private static let linkPatience = Duration.seconds(10)

  init(
    _ stages: [StageDescription], first: PassSender, finisher: Finisher, scheduler: Scheduler,
    statistics: StatisticsBox, blockSeconds: Double, predicted: @escaping (Int) -> Double?
  ) {
    self.predicted = predicted
    self.stages = stages
    self.first = first
    self.finisher = finisher
    self.scheduler = scheduler
    self.statistics = statistics
    self.blockSeconds = blockSeconds
    buffers = ActivationsPool(width: finisher.configuration.width)
    core = CoreClaim(threadCount: finisher.pool.threadCount)
  }

  /// To be waited on: credit comes in here.
  var socket: Socket { first.socket }

  // MARK: - Requests

  func submit(_ id: RequestID, _ work: Work, of client: ClientID, _ sink: Sink) {
    do throws(AdmissionError) {
      try scheduler.submit(id, work, client: client)
      sinks[id] = sink
    } catch {
      sink.finish(error)
    }
  }

  func cancel(_ id: RequestID) {
    sinks[id] = nil
    scheduler.cancel(id)
  }

  func hold(_ id: RequestID) { scheduler.hold(id) }
  func resume(_ id: RequestID) { scheduler.resume(id) }

  /// Tells everybody who waits that nothing more comes.
  func end(_ error: any Error) {
    for sink in sinks.values { sink.finish(error) }
    sinks = [:]
  }

  // MARK: - In

  /// Takes in credit, and sends as much as may go now.
  ///
  /// - Throws: ``ClusterError`` when the first stage breaks the rules or does not answer.
  func advance() throws {
    do { try first.update() } catch let error as any BreachOfLink {
      throw ClusterError.workerBroken(name: stages[0].name, reason: "\(error)")
    }
    if !isOpen {
      guard first.isOpen else {
        guard .now - dialed > Self.linkPatience else { return }
        throw ClusterError.unreachable(name: stages[0].name, address: stages[0].address, after: Self.linkPatience)
      }
      isOpen = true
    }
    try send()
    statistics.occupied(by: scheduler, early: 0)
  }

  private func send() throws {
    while first.canSend {
      if unsent == nil {
        guard let dispatch = scheduler.next() else { return }
        let start = Instant.now.nanoseconds
        let activations = try buffers.take(rowCount: dispatch.microBatch.rowCount)
        try finisher.embed(dispatch.tokens, dispatch.microBatch, into: activations)
        if !activations.isFinite { broken.insert(dispatch.sequence) }
        let (bytes, release) = buffers.lend(activations)
        unsent = (dispatch, Frame(borrowing: bytes, release: release))
        if dispatch.isWork {
          statistics.dispatched(
            dispatch.sequence, rows: dispatch.microBatch.rowCount, bytes: bytes.count, start: start,
            end: Instant.now.nanoseconds)
        }
      }
      let (dispatch, payload) = unsent!
      let pass = Pass(microBatch: dispatch.microBatch, width: finisher.configuration.width, records: [])
      guard try first.send(pass, sequence: dispatch.sequence, attempt: 0, payload: payload) else { return }
      unsent = nil
      deadline.sent(
        seconds: predicted(dispatch.microBatch.rowCount), bytes: pass.payloadByteCount, hops: stages.count + 1,
        now: Instant.now.nanoseconds)
    }
  }

  /// Says to the first stage that the coordinator lives.
  func beat() throws { try first.beat() }

  /// Sees whether the first stage was heard; to be called a few times a second.
  ///
  /// - Throws: ``LinkError``.
  func listen(now: UInt64) throws { try first.listen(now: now) }

  /// For how long the oldest micro-batch is awaited, when that is too long.
  func overdue(now: UInt64) -> Duration? { deadline.overdue(now: now) }

  func forgive(_ halt: Duration, now: UInt64) { deadline.forgive(halt, now: now) }

  /// Micro-batches that went into the first stage.
  var sentCount: UInt64 { UInt64(first.passCount) }

  // MARK: - Out

  /// Makes results of a micro-batch that has passed all stages, and sends what can go behind it.
  ///
  /// - Parameter offsets: each stage's clock less this one's, in nanoseconds.
  func finish(_ pass: Pass, _ header: Header, _ payload: Frame, offsets: [Int64]) throws {
    guard let oldest = scheduler.oldest, oldest.sequence == header.sequence, oldest.microBatch == pass.microBatch,
      pass.width == finisher.configuration.width, pass.records.count == stages.count
    else {
      throw ClusterError.workerBroken(
        name: stages[stages.count - 1].name, reason: "micro-batch \(header.sequence) came back as another")
    }
    let start = Instant.now.nanoseconds
    deadline.arrived(now: start)
    let culprit = try culprit(header.sequence, pass, payload)
    let slowest = pass.records.map { $0.computed - min($0.received, $0.computed) }.max() ?? 0
    scheduler.pacing.learn(rows: pass.microBatch.rowCount, seconds: Double(slowest) / 1e9)
    let arrivals = scheduler.arrived(header.sequence)
    // What needs no results goes first, since the head takes time and stages would wait; but not in the place of a token.
    if !arrivals.contains(where: { $0.output == .nextToken }) { try advance() }
    func goOn() throws {
      statistics.finished(
        header.sequence, records: pass.records, offsets: offsets, rows: pass.microBatch.rowCount, bytes: payload.count,
        start: start, end: Instant.now.nanoseconds)
      try advance()
    }
    if arrivals.isEmpty {
      try goOn()
    } else {
      try core.hold {
        try makeResults(arrivals, pass.microBatch, payload, culprit)
        // Before the core is given back, since the first stage waits.
        try goOn()
      }
    }
    deliver()
  }

  /// Finishes the rows of a micro-batch, and fills the outbox with what becomes of them.
  private func makeResults(
    _ arrivals: [Arrival], _ microBatch: MicroBatch, _ payload: Frame, _ culprit: StageDescription?
  ) throws {
    let activations = try buffers.take(rowCount: microBatch.rowCount)
    payload.withUnsafeBytes { activations.bytes.copyMemory(from: $0) }
    try finisher.normalize(activations)
    try decide(arrivals.filter { $0.output == .nextToken }, culprit)
    for arrival in arrivals { try read(arrival, culprit) }
    buffers.put(activations)
  }

  /// Chooses the next token of every generation whose last row is here.
  private func decide(_ arrivals: [Arrival], _ culprit: StageDescription?) throws {
    guard !arrivals.isEmpty else { return }
    let places = arrivals.map { (row: $0.rows.lowerBound, generation: scheduler.generation(of: $0.request)!) }
    let tokens = try finisher.choose(places)
    for (arrival, token) in zip(arrivals, tokens) {
      do throws(SamplingError) {
        let update = scheduler.accept(try token.get(), for: arrival.request)
        statistics.generated()
        outbox.append((arrival.request, .result(.token(update))))
        if update.finishReason != nil { outbox.append((arrival.request, .end(nil))) }
      } catch {
        fail(arrival.request, Self.blaming(culprit, error))
      }
    }
  }

  /// Makes what a request asked for of the rows that are here.
  private func read(_ arrival: Arrival, _ culprit: StageDescription?) throws {
    switch arrival.output {
    case .nothing, .nextToken, .probe: break
    case .scores(let targets, let top, let ranks):
      do {
        let scores = try finisher.score(
          arrival.rows, targets: targets, top: top, ranks: ranks, start: arrival.start)
        outbox.append((arrival.request, .result(.scores(scores))))
      } catch let error as SamplingError { return fail(arrival.request, Self.blaming(culprit, error)) }
    case .hidden:
      guard let sink = sinks[arrival.request] else { return }
      let withLogits = sink.wantsLogits
      let step = withLogits ? Finisher.logitRows : arrival.rows.count
      for first in stride(from: arrival.rows.lowerBound, to: arrival.rows.upperBound, by: step) {
        let rows = first..<min(first + step, arrival.rows.upperBound)
        let start = arrival.start + first - arrival.rows.lowerBound
        let states = try finisher.read(rows, start: start, withLogits: withLogits)
        if culprit != nil, let position = states.firstNotFinite {
          return fail(arrival.request, Self.blaming(culprit, .notFinite(position: position)))
        }
        outbox.append((arrival.request, .result(.hidden(states))))
      }
    }
    if arrival.isLast { outbox.append((arrival.request, .end(nil))) }
  }

  /// The stage that made infinite values, or values that are no numbers, of finite ones; nil when none did.
  ///
  /// - Throws: ``ClusterError`` when a stage sent other values than it says.
  private func culprit(_ sequence: UInt64, _ pass: Pass, _ payload: Frame) throws -> StageDescription? {
    let wasFinite = broken.remove(sequence) == nil
    let isFinite = payload.withUnsafeBytes { Activations.isFinite($0) }
    return try Self.culprit(of: pass.records, stages, wasFinite: wasFinite, isFinite: isFinite)
  }

  /// - Parameters:
  ///   - wasFinite: whether the activations were finite that went into the first stage.
  ///   - isFinite: whether those are that came out of the last one.
  static func culprit(
    of records: [StageRecord], _ stages: [StageDescription], wasFinite: Bool, isFinite: Bool
  ) throws(ClusterError) -> StageDescription? {
    var claimed = wasFinite
    var culprit: StageDescription?
    for (index, record) in records.enumerated() {
      let stage = stages[index]
      guard record.isFiniteReceived == claimed else {
        // What the coordinator itself sent, it knows; of two stages either may be wrong.
        let reason =
          "what was sent was finite to one of them, and not to the other: one is faulty, or was tampered with"
        if index == 0 { throw .workerBroken(name: stage.name, reason: "it says it was sent what it was not") }
        throw .linkLost(from: "worker \(stages[index - 1].name)", to: "worker \(stage.name)", reason: reason)
      }
      if claimed, !record.isFiniteComputed { culprit = stage }
      claimed = record.isFiniteComputed
    }
    guard isFinite == claimed else {
      throw .workerBroken(
        name: stages.last?.name ?? "",
        reason:
          "it sent values that are \(isFinite ? "" : "not ")finite, and says that they are\(isFinite ? " not" : "")")
    }
    return culprit
  }

  private static func blaming(_ culprit: StageDescription?, _ error: SamplingError) -> any Error {
    guard let culprit, case .notFinite(let position) = error else { return error }
    return ClusterError.notFinite(name: culprit.name, blocks: culprit.layers, position: position)
  }

  private func fail(_ id: RequestID, _ error: any Error) {
    scheduler.cancel(id)
    outbox.append((id, .end(error)))
  }

  /// Hands out what there is for the callers.
  private func deliver() {
    // Whoever is told that a request has ended finds it counted no more.
    statistics.occupied(by: scheduler, early: 0)
    for (id, delivery) in outbox {
      switch delivery {
      case .result(let result):
        // Held before its drained event can be taken from the mailbox.
        if sinks[id]?.deliver(result) == true { scheduler.hold(id) }
      case .end(let error): sinks.removeValue(forKey: id)?.finish(error)
      }
    }
    outbox = []
  }
}

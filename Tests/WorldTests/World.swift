import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import ZeroMQ

@testable import Coordinator
@testable import Worker

/// A coordinator state and several worker states in virtual time: messages take a while, links may be cut or go silent, and the
/// model is a toy. What production code decides is decided here by the same code; only sockets, clocks and arithmetic are others.
final class World {
  /// What is done to the cluster.
  struct Faults {
    /// Seconds that a block takes a worker, for a row.
    var rowSeconds: [String: Double] = [:]
    /// Workers that never come to the end of what they compute, and say that they live.
    var stuck: Set<String> = []
  }

  enum Place: Hashable {
    case coordinator
    case worker(Int)
  }

  /// A connection: who dialled whom, and for what.
  private struct Dial {
    let from: Place
    let purpose: Purpose
    let to: Place
    let number: ConnectionNumber
    /// Nothing passes any more, and nobody is told.
    var isMute = false
    /// So many messages get lost, though the connection stands.
    var losses = 0
    var isOpen = true
    /// Messages keep their order.
    var arrival = Instant(nanoseconds: 0)
    var answerArrival = Instant(nanoseconds: 0)

    enum Purpose { case control, first, next }
  }

  private enum Event {
    case coordinator(CoordinatorEvent)
    case worker(Int, WorkerEvent)
    case inbox(Int, WorkerEvent, [UInt64])
    /// The end of a stage's work: activations are there.
    case computed(Int, [UInt64])
    case tick(Place)
    case run(() -> Void)
  }

  private final class Worker {
    let name: String
    var state: WorkerState
    /// The name under which it dialled the coordinator last.
    var dialled: String
    let address: String
    /// Messages over the listening socket that were not taken yet, and the activations of the one that was.
    var inbox: [(event: WorkerEvent, values: [UInt64])] = []
    var values: [UInt64] = []
    var computed: [UInt64] = []
    var slice: ToySlice?
    var held: Set<Int> = []
    /// Blocks that were brought into memory, again and again if they were.
    var loads: [Int] = []
    var missing: [Int] = []
    var freeAt: Instant
    /// Not even the thread that computes runs.
    var haltedUntil: Instant = 0
    var isGone = false
    var end: Result<Void, any Error>?

    func isHalted(_ now: Instant) -> Bool { haltedUntil > now }

    init(_ name: String, _ state: WorkerState, _ address: String, _ now: Instant) {
      (self.name, self.state, self.address, freeAt) = (name, state, address, now)
      dialled = state.control.routingName
    }
  }

  private(set) var now: Instant = 1_000_000_000
  private var queue = EventQueue<Event>()
  private var coordinator: CoordinatorState
  private let statistics = StatisticsBox(timelineLimit: 0)
  private var coordinatorFreeAt: Instant = 0
  private var workers: [Worker] = []
  private var dials: [[UInt8]: Dial] = [:]
  private var connectionCount: UInt64 = 0
  private var random: SeededNumbers
  private let latency: ClosedRange<Int>
  var faults = Faults()

  // What came of it.
  private(set) var tokens: [RequestID: [Int]] = [:]
  private(set) var ends: [RequestID: (any Error)?] = [:]
  private(set) var notices: [EngineNotice] = []
  private(set) var end: (any Error)?
  private(set) var isOpen = false
  private var payloads: [UInt64: [UInt64]] = [:]
  private var arrived: [UInt64] = []
  private(set) var eventCount = 0

  static let address = "tcp://10.0.0.1:7070"

  /// - Parameters:
  ///   - latency: microseconds that a message takes from host to host.
  ///   - allowance: workers that are waited for.
  init(workers count: Int, seed: Int, latency: ClosedRange<Int> = 100...300, slotCount: Int = 16) {
    random = SeededNumbers(seed)
    self.latency = latency
    coordinator = CoordinatorState(
      CoordinatorSettings(
        configuration: ToyModel.configuration, listening: Self.address, workerCount: count, sharesFiles: false,
        wishes: ClusterPlan.Wishes(slotCount: slotCount), waitingLimit: 4096, patience: .seconds(60), workerFlags: "",
        key: nil, host: "coordinator", cores: 4, threads: 1),
      statistics: statistics, allowed: nil, random: SeededNumbers(seed &+ 1), now: now)
    tell(.catalogued(Array(repeating: [], count: ToyModel.configuration.layerCount)), after: .milliseconds(30))
    tell(.loaded, after: .milliseconds(200))
    queue.add(.tick(.coordinator), at: now)
    for _ in 0..<count { addWorker() }
  }

  @discardableResult
  func addWorker() -> String {
    let index = workers.count
    let name = "w\(index + 1)"
    let address = "tcp://10.0.0.\(index + 2):7070"
    let state = WorkerState(
      WorkerSettings(
        coordinator: Self.address,
        hello: Hello(
          name: name, incarnation: 0, programVersion: ProgramVersion.current, kernels: "toy", threads: 1,
          memory: 1 << 30, cores: 4, host: name, address: address, folder: "", configuration: []),
        patience: .seconds(60)), random: SeededNumbers(random.next()), now: now)
    workers.append(Worker(name, state, address, now))
    dial(state.control.routingName, from: .worker(index), .control, to: .coordinator)
    queue.add(.tick(.worker(index)), at: now)
    return name
  }

  // MARK: - What is asked and done from outside

  func submit(_ id: UInt64, _ work: Work, client: UInt64 = 0) {
    tell(.submit(RequestID(id), work, ClientID(client)), after: .zero)
  }

  /// The worker's process ends: its connections do, at once.
  func kill(_ name: String) {
    let index = workers.firstIndex { $0.name == name }!
    workers[index].isGone = true
    for key in dials.keys where dials[key]!.from == .worker(index) || dials[key]!.to == .worker(index) { cut(key) }
  }

  /// Nothing passes between a worker and everybody else, and no connection ends.
  func isolate(_ name: String) {
    let index = workers.firstIndex { $0.name == name }!
    for key in dials.keys where dials[key]!.from == .worker(index) || dials[key]!.to == .worker(index) {
      dials[key]!.isMute = true
    }
  }

  /// Nothing passes on the link out of a stage; its other links are well.
  func muteLink(outOf name: String) {
    let index = workers.firstIndex { $0.name == name }!
    for key in dials.keys where dials[key]!.from == .worker(index) && dials[key]!.purpose == .next {
      dials[key]!.isMute = true
    }
  }

  /// The next message on the link out of a stage gets lost; its connection stands.
  func loseMessage(outOf name: String) {
    let index = workers.firstIndex { $0.name == name }!
    for key in dials.keys where dials[key]!.from == .worker(index) && dials[key]!.purpose == .next {
      dials[key]!.losses = 1
    }
  }

  /// The coordinator does nothing for so long, or nobody does.
  func halt(for time: Duration, coordinatorAlone: Bool) {
    coordinatorFreeAt = now + time
    if coordinatorAlone { return }
    for worker in workers {
      worker.freeAt = max(worker.freeAt, now) + time
      worker.haltedUntil = worker.freeAt
    }
  }

  /// Names of workers that left before the pipe was open.
  var departures: [String] { notices.compactMap { if case .left(let name, _, _, _) = $0 { name } else { nil } } }

  /// Blocks that a worker has brought into memory, in order.
  func loads(of name: String) -> [Int] { workers.first { $0.name == name }!.loads }

  func statistic() -> PipelineStatistics { statistics.snapshot() }

  var epoch: Epoch { coordinator.roster.epoch }

  /// Whether nothing is left of any request: no slot, no row in flight, nobody who waits.
  var isIdle: Bool { coordinator.scheduler.isIdle }

  /// - Returns: whether it came to be within the time.
  @discardableResult
  func run(for limit: Duration, until isDone: () -> Bool) -> Bool {
    let end = now + limit
    while !isDone() {
      guard let next = queue.nextTime, next <= end else {
        now = end
        return isDone()
      }
      let (time, event) = queue.removeFirst()
      now = max(now, time)
      eventCount += 1
      happen(event)
    }
    return true
  }

  // MARK: - What happens

  private func tell(_ event: CoordinatorEvent, after time: Duration) { queue.add(.coordinator(event), at: now + time) }

  private func happen(_ event: Event) {
    switch event {
    case .coordinator(let event):
      guard end == nil else { return }
      // One thing at a time.
      if coordinatorFreeAt > now { return queue.add(.coordinator(event), at: coordinatorFreeAt) }
      handle(event)
      handle(.tick)
    case .worker(let index, let event):
      let worker = workers[index]
      guard !worker.isGone, worker.end == nil else { return }
      if worker.freeAt > now { return queue.add(.worker(index, event), at: worker.freeAt) }
      handle(event, by: index)
      handle(.tick, by: index)
      takeMessages(index)
    case .inbox(let index, let event, let values):
      workers[index].inbox.append((event, values))
      takeMessages(index)
    case .computed(let index, let values):
      guard !workers[index].isGone, workers[index].end == nil else { return }
      if workers[index].isHalted(now) { return queue.add(event, at: workers[index].haltedUntil) }
      workers[index].computed = values
      handle(.computed(isFiniteReceived: true, isFiniteComputed: true), by: index)
      takeMessages(index)
    case .tick(.coordinator):
      guard end == nil else { return }
      if coordinatorFreeAt <= now { handle(.tick) }
      queue.add(.tick(.coordinator), at: now + .milliseconds(50))
    case .tick(.worker(let index)):
      let worker = workers[index]
      guard !worker.isGone, worker.end == nil else { return }
      // One that computes says so between blocks.
      if worker.isHalted(now) { return queue.add(.tick(.worker(index)), at: worker.freeAt) }
      handle(worker.freeAt > now ? .progressed : .tick, by: index)
      takeMessages(index)
      queue.add(.tick(.worker(index)), at: now + .milliseconds(50))
    case .run(let body): body()
    }
  }

  // MARK: - The network

  private func dial(_ name: String, from: Place, _ purpose: Dial.Purpose, to: Place) {
    connectionCount += 1
    dials[Array(name.utf8)] = Dial(
      from: from, purpose: purpose, to: to, number: ConnectionNumber(connectionCount), arrival: now, answerArrival: now)
  }

  private func place(of address: String) -> Place? {
    address == Self.address ? .coordinator : workers.firstIndex { $0.address == address }.map { .worker($0) }
  }

  private func delay() -> Duration { .microseconds(random.number(latency)) }

  /// From whoever dialled to the listener.
  private func send(_ name: String, _ header: Header, _ message: Message, payload: [UInt64]? = nil) {
    let id = Array(name.utf8)
    guard var dial = dials[id], dial.isOpen, !dial.isMute else { return }
    if dial.losses > 0 {
      dials[id]!.losses -= 1
      return
    }
    dial.arrival = max(dial.arrival, now + delay())
    dials[id] = dial
    let peer = Peer(id, Caller(connection: dial.number, host: "10.0.0.9", isElsewhere: true))
    switch dial.to {
    case .coordinator:
      queue.add(
        .run { [self] in
          if let payload { payloads[header.sequence] = payload }
          happen(
            .coordinator(
              .message(
                header, message,
                payload: payload.map {
                  Payload(byteCount: $0.count * 4 * ToyModel.configuration.width, isFinite: true)
                },
                from: peer)))
        }, at: dial.arrival)
    case .worker(let index):
      queue.add(
        .inbox(
          index,
          .message(header, message, payload: payload.map { $0.count * 4 * ToyModel.configuration.width }, from: peer),
          payload ?? []), at: dial.arrival)
    }
  }

  /// From the listener to whoever dialled.
  private func answer(_ id: [UInt8], _ header: Header, _ message: Message) {
    guard var dial = dials[id], dial.isOpen, !dial.isMute else { return }
    dial.answerArrival = max(dial.answerArrival, now + delay())
    dials[id] = dial
    switch (dial.from, dial.purpose) {
    case (.coordinator, _): queue.add(.coordinator(.first(header, message)), at: dial.answerArrival)
    case (.worker(let index), .control):
      queue.add(.worker(index, .coordinator(header, message)), at: dial.answerArrival)
    case (.worker(let index), _): queue.add(.worker(index, .next(header, message)), at: dial.answerArrival)
    }
  }

  /// Who dialled hangs up, and hears no more of it.
  private func hangUp(_ name: String) { cut(Array(name.utf8), tellsDialler: false) }

  /// Ends a connection, and tells both ends.
  private func cut(_ id: [UInt8], tellsDialler: Bool = true) {
    guard let dial = dials[id], dial.isOpen else { return }
    dials[id]!.isOpen = false
    let time = now + .milliseconds(2)
    switch dial.to {
    case .coordinator: queue.add(.coordinator(.disconnected(dial.number)), at: time)
    case .worker(let index): queue.add(.worker(index, .disconnected(dial.number)), at: time)
    }
    guard tellsDialler else { return }
    switch (dial.from, dial.purpose) {
    case (.coordinator, _): queue.add(.coordinator(.firstDisconnected), at: time)
    case (.worker(let index), .control): queue.add(.worker(index, .coordinatorDisconnected), at: time)
    case (.worker(let index), _): queue.add(.worker(index, .nextDisconnected), at: time)
    }
  }

  private var firstName = ""
  private var nextNames: [Int: String] = [:]

  // MARK: - The coordinator's driver

  private func handle(_ event: CoordinatorEvent) {
    if case .message(let header, .pass, _, _) = event { arrived = payloads.removeValue(forKey: header.sequence) ?? [] }
    coordinator.handle(event, at: now)
    while let effect = coordinator.nextEffect() { carryOut(effect) }
  }

  private func carryOut(_ effect: CoordinatorEffect) {
    switch effect {
    case .send(let id, let header, let message): answer(id, header, message)
    case .dialFirst(let address, _, let name):
      firstName = name
      if let place = place(of: address) { dial(name, from: .coordinator, .first, to: place) }
    case .dialFirstAgain(let name):
      let place = dials[Array(firstName.utf8)]?.to
      firstName = name
      if let place { dial(name, from: .coordinator, .first, to: place) }
    case .sendFirst(let header, let message): send(firstName, header, message)
    case .askQuiet(let side, _, let time): tell(.quiet(side, time), after: .zero)
    case .hangUpFirst: hangUp(firstName)
    case .restart: preconditionFailure("workers of this world come by themselves")
    case .endConnection, .allowWaiting: break
    case .measure:
      let curve = TimeCurve([BlockTime(rows: 1, seconds: 1e-5), BlockTime(rows: 128, seconds: 1e-3)])!
      tell(.measured(EdgeCosts(edges: curve, head: curve, headBytes: 1e6)), after: .milliseconds(120))
    case .readPieces(let wanted, _, let id):
      handle(.pieces([Piece(tensor: wanted.tensor, offset: 0, bytes: [1])], for: id))
    case .embed(let dispatch, let header):
      var row = 0
      let values = dispatch.microBatch.segments.flatMap { segment in
        (0..<segment.count).map { index in
          defer { row += 1 }
          return ToyModel.embed(dispatch.tokens[row], at: segment.start + index)
        }
      }
      let pass = Pass(microBatch: dispatch.microBatch, width: ToyModel.configuration.width, records: [])
      send(firstName, header, .pass(pass), payload: values)
      coordinator.handle(.embedded(sequence: dispatch.sequence, isFinite: true, start: now), at: now)
    case .finish(let job):
      precondition(arrived.count == job.rowCount, "rows that did not come")
      let outcomes = job.arrivals.compactMap { arrival -> RowOutcome? in
        switch arrival.output {
        case .nextToken:
          RowOutcome(request: arrival.request, value: .token(ToyModel.choose(arrived[arrival.rows.lowerBound])))
        case .hidden:
          RowOutcome(
            request: arrival.request,
            value: .hidden(
              HiddenStates(
                start: arrival.start, rowCount: arrival.rows.count, width: 1,
                values: arrived[arrival.rows].map { Float($0 % 65536) })))
        default: nil
        }
      }
      coordinator.handle(.finished(outcomes), at: now)
    case .deliver(let id, let result):
      switch result {
      case .token(let update): tokens[id, default: []].append(update.token.token)
      case .hidden(let states): tokens[id, default: []] += states.values.map { Int($0) }
      case .scores: break
      }
    case .complete(let id, let error):
      precondition(ends.updateValue(error, forKey: id) == nil, "\(id) has ended twice")
    case .notify(let notice): notices.append(notice)
    case .open: isOpen = true
    case .end(let error): end = error
    }
  }

  // MARK: - A worker's driver

  private func handle(_ event: WorkerEvent, by index: Int) {
    workers[index].state.handle(event, at: now)
    while let effect = workers[index].state.nextEffect() { carryOut(effect, by: index) }
  }

  private func carryOut(_ effect: WorkerEffect, by index: Int) {
    let worker = workers[index]
    switch effect {
    case .dialCoordinatorAgain(let name):
      hangUp(worker.dialled)
      worker.dialled = name
      dial(name, from: .worker(index), .control, to: .coordinator)
    case .tell(let header, let message): send(worker.dialled, header, message)
    case .setLastWords, .hear, .allowWaiting, .letIn, .notify: break
    case .send(let id, let header, let message): answer(id, header, message)
    case .dialNext(let address, _, let name):
      nextNames[index] = name
      if let place = address.map(place) ?? .coordinator { dial(name, from: .worker(index), .next, to: place) }
    case .dialNextAgain(let name):
      let place = nextNames[index].flatMap { dials[Array($0.utf8)]?.to }
      nextNames[index] = name
      if let place { dial(name, from: .worker(index), .next, to: place) }
    case .tellNext(let header, let message): send(nextNames[index] ?? "", header, message)
    case .hangUpNext: nextNames[index].map(hangUp)
    case .askQuiet(let side, _, let time): queue.add(.worker(index, .quiet(side, time)), at: now)
    case .measure:
      let rate = faults.rowSeconds[worker.name] ?? 1e-5
      worker.freeAt = now + .milliseconds(300)
      queue.add(
        .worker(index, .measured([BlockTime(rows: 1, seconds: rate), BlockTime(rows: 128, seconds: 128 * rate)])),
        at: worker.freeAt)
    case .hold(let assignment, _):
      worker.held.formIntersection(assignment.layers)
      worker.missing = assignment.layers.filter { !worker.held.contains($0) }
      askOrHold(index)
    case .accept:
      let block = worker.missing.removeFirst()
      worker.held.insert(block)
      worker.loads.append(block)
      askOrHold(index)
    case .serve(let assignment, _):
      precondition(worker.held.isSuperset(of: assignment.layers), "a stage of blocks that are not there")
      worker.slice = ToySlice(layers: assignment.layers)
    case .compute(let pass):
      precondition(worker.values.count == pass.microBatch.rowCount, "rows that did not come")
      let values = worker.slice!.run(pass.microBatch, worker.values)
      if faults.stuck.contains(worker.name) {
        worker.freeAt = now + .seconds(3600)
        return
      }
      let seconds =
        (faults.rowSeconds[worker.name] ?? 1e-5) * Double(pass.microBatch.rowCount * worker.slice!.layers.count)
      worker.freeAt = now + .seconds(seconds)
      queue.add(.computed(index, values), at: worker.freeAt)
    case .passOn(let header, let pass):
      send(nextNames[index] ?? "", header, .pass(pass), payload: worker.computed)
      worker.state.handle(.passedOn, at: now)
    case .end(let error): worker.end = error.map { .failure($0) } ?? .success(())
    }
  }

  /// What cannot be taken waits in the socket.
  private func takeMessages(_ index: Int) {
    let worker = workers[index]
    while !worker.isGone, worker.end == nil, worker.freeAt <= now, worker.state.takesMessages, !worker.inbox.isEmpty {
      let (event, values) = worker.inbox.removeFirst()
      worker.values = values
      handle(event, by: index)
    }
  }

  private func askOrHold(_ index: Int) {
    if workers[index].missing.isEmpty {
      workers[index].state.handle(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0), at: now)
    } else {
      workers[index].state.handle(.wants(Wanted(tensor: 0, offset: 0, pieces: 1)), at: now)
    }
  }
}

import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport

@testable import Coordinator

// The coordinator's driver.

extension World {
  static func makeCoordinator(
    _ setup: Setup, _ statistics: StatisticsBox, _ random: inout SeededNumbers, _ now: Instant
  ) -> CoordinatorState {
    let wishes = ClusterPlan.Wishes(
      split: setup.split, microBatchRows: setup.microBatchRows, slotCount: setup.slotCount)
    return CoordinatorState(
      CoordinatorSettings(
        configuration: ToyModel.configuration, listening: "tcp://10.0.0.1:7070", workerCount: setup.workerCount,
        spares: setup.spares, means: setup.means, replayMemory: setup.replayMemory, restarts: setup.restarts,
        sharesFiles: setup.sharesFiles,
        wishes: wishes, waitingLimit: setup.waitingLimit, patience: setup.patience, workerFlags: "",
        comesAgain: !setup.restarts, key: nil, host: "coordinator", cores: 4, threads: 1,
        creditLimit: setup.creditLimit, omitted: setup.omitted),
      statistics: statistics, allowed: nil, random: SeededNumbers(random.next()), now: now)
  }

  func startCoordinator() {
    let process = coordinatorProcess
    process.isRunning = true
    process.life += 1
    (end, isOpen) = (nil, false)
    let tensors = (0..<ToyModel.configuration.layerCount).map { _ in [TensorDescription]() }
    tell(.catalogued(tensors), after: .milliseconds(random.number(1...60)))
    tell(.loaded, after: .milliseconds(random.number(1...300)))
    queue.add(.tick(process, life: process.life), at: now)
  }

  /// The coordinator's process ends without a word; all that it knew is lost.
  func killCoordinator() {
    exit(coordinatorProcess, isKilled: true)
    close(first)
    first = nil
  }

  /// Another coordinator listens at its address.
  func restartCoordinator() {
    guard !coordinatorProcess.isRunning else { return }
    earlierMarks.formUnion(coordinator.allMarks)
    coordinator = Self.makeCoordinator(setup, statistics, &random, now)
    startCoordinator()
  }

  func tell(_ event: CoordinatorEvent, after time: Duration) {
    queue.add(.reach(coordinatorProcess, life: coordinatorProcess.life, .coordinator(event, [])), at: now + time)
  }

  func handle(_ event: CoordinatorEvent) {
    guard coordinatorProcess.isRunning else { return }
    journal?.note(now, event)
    let (before, plan, stages) = (epoch, coordinator.planned, coordinator.lastStages)
    let inFlight = coordinator.scheduler.inFlight
    coordinator.handle(event, at: now)
    if epoch.plan < before.plan { violate("epoch \(epoch) comes after \(before)") }
    if let plan, plan !== coordinator.planned { lost(plan, of: stages, before, inFlight) }
    while let effect = coordinator.nextEffect() {
      journal?.note(now, effect)
      carryOut(effect)
    }
  }

  private func carryOut(_ effect: CoordinatorEffect) {
    switch effect {
    case .send(let id, let header, let message): answer(coordinatorProcess, id, header, message)
    case .dialFirst(let address, _, let name):
      close(first)
      (first, sent) = (process(at: address).map { dial(name, from: coordinatorProcess, .data, to: $0) }, [])
    case .dialFirstAgain(let name):
      let process = first?.to
      close(first)
      first = process.map { dial(name, from: coordinatorProcess, .data, to: $0) }
    case .sendFirst(let header, let message): send(first, header, message)
    case .hangUpFirst:
      close(first)
      first = nil
    case .askQuiet(let side, let number, let time):
      let session = side == .outgoing ? first?.session : sessions.first { $0.number == number }
      tell(.quiet(side, silence(session, side == .outgoing ? 1 : 0, heard: time)), after: .zero)
    case .endConnection(let number):
      if let session = sessions.first(where: { $0.number == number }) { cut(session) }
    case .allowWaiting: break
    case .measure:
      let curve = TimeCurve([BlockTime(rows: 1, seconds: 1e-5), BlockTime(rows: 128, seconds: 1e-3)])!
      tell(.measured(EdgeCosts(edges: curve, head: curve, headBytes: 1e6)), after: setup.measuringTime / 2)
    case .readPieces(let wanted, let layers, let id):
      if !layers.contains(wanted.tensor) { violate("a piece of block \(wanted.tensor) for who holds \(layers)") }
      handle(.pieces([Piece(tensor: wanted.tensor, offset: 0, bytes: [1])], for: id))
    case .embed(let dispatch, let header):
      sent.append(dispatch.sequence)
      let flight = coordinator.scheduler.flights.first { $0.sequence == dispatch.sequence }
      riders[dispatch.sequence] = flight?.shares.map(\.arrival.request)
      embed(dispatch, header)
    case .finish(let job): finish(job)
    case .deliver(let id, let result): deliver(id, result)
    case .complete(let id, let error): complete(id, error)
    case .notify(let notice): notices.append(notice)
    case .open: isOpen = true
    case .restart(let name): restart(name)
    case .end(let error):
      end = error
      exit(coordinatorProcess, isKilled: false)
    }
  }

  private func embed(_ dispatch: Dispatch, _ header: Header) {
    var row = 0
    let values = dispatch.microBatch.segments.flatMap { segment in
      (0..<segment.count).map { index in
        defer { row += 1 }
        return ToyModel.embed(dispatch.tokens[row], at: segment.start + index)
      }
    }
    let pass = Pass(
      microBatch: dispatch.microBatch, width: ToyModel.configuration.width, refill: dispatch.refill, records: [])
    send(first, header, .pass(pass), dispatch.refill ?? 0 == 0 ? values : [])
    coordinator.handle(.embedded(sequence: dispatch.sequence, isFinite: true, start: now), at: now)
  }

  private func finish(_ job: FinishJob) {
    guard arrived.count == job.rowCount else { return violate("\(arrived.count) rows came of \(job.rowCount)") }
    var outcomes: [RowOutcome] = []
    for arrival in job.arrivals {
      let rows = arrived[arrival.rows]
      let value: RowOutcome.Value
      switch arrival.output {
      case .nextToken: value = .token(ToyModel.choose(rows.first!))
      case .hidden:
        let values = rows.flatMap { ToyModel.state($0) }
        value = .hidden(HiddenStates(start: arrival.start, rowCount: rows.count, width: 2, values: values))
      case .scores(let targets, let top, let ranks):
        value = .scores(zip(targets, rows).map { ToyModel.score($0, $1, top: top, ranks: ranks) })
      case .nothing, .probe: continue
      }
      outcomes.append(RowOutcome(request: arrival.request, value: value))
    }
    if setup.headSeconds > 0 { coordinatorProcess.haltedUntil = now + .seconds(setup.headSeconds) }
    coordinator.handle(.finished(outcomes), at: now)
  }

  // MARK: - Callers

  func submit(_ id: UInt64, _ work: Work, client: UInt64 = 0) {
    tell(.submit(RequestID(id), work, ClientID(client)), after: .zero)
  }

  /// The caller does not want it any more, and hears no more of it.
  func cancel(_ id: UInt64) {
    cancelled.insert(RequestID(id))
    tell(.cancel(RequestID(id)), after: .zero)
  }

  private func deliver(_ id: RequestID, _ result: RequestResult) {
    if cancelled.contains(id) { return }
    if ends[id] != nil { violate("request \(id.rawValue) has ended, and brings \(result)") }
    results[id, default: []] += ToyResult.of(result)
    onResult?(self, id)
  }

  private func complete(_ id: RequestID, _ error: (any Error)?) {
    if cancelled.contains(id) { return }
    if case ClusterError.poisonous? = error, !poison.contains(id), !mayHaveDied(of: id) {
      violate("request \(id.rawValue) is said to be poisonous, and two have not died of it")
      journal?.note(now, "\(deaths)")
    }
    if ends.updateValue(error, forKey: id) != nil { violate("request \(id.rawValue) has ended twice") }
  }
}

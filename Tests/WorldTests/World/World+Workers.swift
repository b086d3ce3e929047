import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport

@testable import Coordinator
@testable import Worker

// The workers' driver.

extension World {
  @discardableResult
  func addWorker(name: String? = nil, memory: Int? = nil) -> String {
    let index = nodes.count
    let name = name ?? "w\(index + 1)"
    let address = "tcp://10.0.0.\(index + 2):7070"
    let memory = memory ?? setup.memory
    let node = Node(index, name, address, memory: memory, makeState(name, address, memory))
    nodes.append(node)
    start(node)
    return name
  }

  private func makeState(_ name: String, _ address: String, _ memory: Int) -> WorkerState {
    WorkerState(
      WorkerSettings(
        coordinator: coordinatorProcess.address,
        hello: Hello(
          name: name, incarnation: 0, process: random.next() | 1, programVersion: ProgramVersion.current,
          kernels: "toy", threads: 1,
          memory: memory, cores: 4, host: name, address: address, folder: "", configuration: []),
        isPatient: !setup.restarts, patience: setup.patience, omitted: setup.omitted),
      random: SeededNumbers(random.next()), now: now)
  }

  /// The process begins, with nothing in memory; its cache is as it was.
  func start(_ node: Node) {
    guard !node.isRunning else { return }
    node.clock = .milliseconds(random.number(0...100_000))
    let time = now
    now = now + node.clock
    earlierMarks.formUnion(node.state.marks)
    node.state = makeState(node.name, node.address, node.memory)
    now = time
    node.isRunning = true
    node.life += 1
    node.task += 1
    (node.next, node.inbox, node.values, node.computed) = (nil, [], [], [])
    (node.isStuck, node.isLoading, node.inHand) = (false, false, nil)
    (node.slice, node.kept, node.held, node.assignment) = (nil, [], [], nil)
    (node.missing, node.end) = ([], nil)
    node.control = dial(node.state.control.routingName, from: node, .control, to: coordinatorProcess)
    queue.add(.tick(node, life: node.life), at: now)
  }

  /// The session starts a worker of its own anew, and ends it first.
  func restart(_ name: String) {
    guard setup.restarts, let node = nodes.first(where: { $0.name == name }) else {
      return violate("\(name) cannot be started anew")
    }
    node.restarts += 1
    let restarts = node.restarts
    exit(node, isKilled: true)
    at(now + .milliseconds(random.number(setup.startTime))) { world in
      guard node.restarts == restarts else { return }
      if node.cannotStart {
        world.tell(.lose(name: name, start: restarts, reason: "it could not be started"), after: .zero)
      } else {
        world.start(node)
        if node.hangsOnStart { world.halt(node, for: .zero) }
        node.hangsOnStart = false
      }
    }
  }

  /// The session finds that a worker of its own has ended.
  func noticeEnd(_ node: Node) {
    guard setup.restarts else { return }
    tell(.lose(name: node.name, start: node.restarts, reason: "its process ended"), after: .milliseconds(3))
  }

  func handle(_ event: WorkerEvent, by node: Node) {
    guard node.isRunning else { return }
    journal?.note(now, event, by: node)
    node.state.handle(event, at: now + node.clock)
    carryOutAll(node)
  }

  private func carryOutAll(_ node: Node) {
    while let effect = node.state.nextEffect() {
      journal?.note(now, effect, by: node)
      carryOut(effect, by: node)
    }
  }

  private func carryOut(_ effect: WorkerEffect, by node: Node) {
    switch effect {
    case .dialCoordinatorAgain(let name):
      close(node.control)
      node.control = dial(name, from: node, .control, to: coordinatorProcess)
    case .tell(let header, let message): send(node.control, header, message)
    case .setLastWords, .hear, .allowWaiting, .letIn, .notify: break
    case .send(let id, let header, let message): answer(node, id, header, message)
    case .dialNext(let address, _, let name):
      close(node.next)
      let process = address.map { self.process(at: $0) } ?? coordinatorProcess
      node.next = process.map { dial(name, from: node, .data, to: $0) }
    case .dialNextAgain(let name):
      let process = node.next?.to
      close(node.next)
      node.next = process.map { dial(name, from: node, .data, to: $0) }
    case .tellNext(let header, let message): send(node.next, header, message)
    case .hangUpNext:
      close(node.next)
      (node.next, node.computed) = (nil, [])
    case .askQuiet(let side, let number, let time):
      let session = side == .outgoing ? node.next?.session : sessions.first { $0.number == number }
      let quiet = silence(session, side == .outgoing ? 1 : 0, heard: time)
      queue.add(.reach(node, life: node.life, .worker(.quiet(side, quiet))), at: now)
    case .measure:
      begin(node, .measured, after: setup.measuringTime)
    case .hold(let assignment, _): hold(assignment, node)
    case .accept(let piece): accept(piece, node)
    case .serve(let assignment, let stage):
      if !node.held.isSuperset(of: assignment.layers) {
        violate("\(node.name) is a stage of blocks that are not there")
      }
      if node.slice == nil {
        if assignment.keepsCache { violate("\(node.name) is to keep a cache, and has none") }
        node.slice = ToySlice(layers: assignment.layers, slotCount: stage.slotCount)
        node.kept = Array(repeating: [], count: stage.keptSlots)
      }
    case .compute(let pass): compute(pass, node)
    case .recall(let pass): recall(pass, node)
    case .passOn(let header, let pass, let hasRows):
      send(node.next, header, .pass(pass), hasRows ? node.computed : [])
      node.state.handle(.passedOn, at: now + node.clock)
    case .end(let error):
      node.end = error.map { .failure($0) } ?? .success(())
      exit(node, isKilled: false)
      noticeEnd(node)
    }
  }

  // MARK: - The thread

  private enum Work { case measured, loaded }

  /// The thread does something and looks at nothing else meanwhile.
  private func begin(_ node: Node, _ work: Work, after time: Duration) {
    node.task += 1
    node.isWorking = true
    node.isLoading = work == .loaded
    // A tensor after the other: it says that it lives.
    let interval = Duration.milliseconds(150)
    if work == .loaded, time > interval {
      for place in 1...Int(min(400, time / interval)) {
        queue.add(.progressed(node, task: node.task), at: now + interval * place)
      }
    }
    let event: Event =
      switch work {
      case .measured: .measured(node, task: node.task)
      case .loaded: .loaded(node, task: node.task)
      }
    queue.add(event, at: now + time)
  }

  /// It has done what it was given to do: looks at what has come meanwhile.
  private func finish(_ node: Node, _ event: WorkerEvent?) {
    node.isWorking = false
    if let event { handle(event, by: node) }
    if node.isBusy(now) { return }
    handle(.tick, by: node)
    drain(node)
    takeMessages(node)
  }

  func measured(_ node: Node) {
    let seconds = setup.rowSeconds
    finish(node, .measured([BlockTime(rows: 1, seconds: seconds), BlockTime(rows: 128, seconds: 128 * seconds)]))
  }

  // MARK: - Blocks

  private func hold(_ assignment: Assignment, _ node: Node) {
    if case .member(let membership) = node.state.phase { node.assignmentEpoch = membership.epoch }
    // What was loaded for an earlier one is of no use any more.
    node.assignment = assignment
    if !assignment.keepsCache || node.slice?.layers != assignment.layers { (node.slice, node.kept) = (nil, []) }
    node.held.formIntersection(assignment.layers)
    node.missing = assignment.layers.filter { !node.held.contains($0) }
    goOnLoading(node)
  }

  private func goOnLoading(_ node: Node) {
    guard let block = node.missing.first else {
      return handle(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0), by: node)
    }
    if setup.sharesFiles || node.cached.contains(block) {
      begin(node, .loaded, after: .seconds(setup.loadSeconds * min(10, node.slowness)))
    } else {
      handle(.wants(Wanted(tensor: block, offset: 0, pieces: 1)), by: node)
    }
  }

  private func accept(_ piece: Piece, _ node: Node) {
    guard node.missing.first == piece.tensor else {
      return violate("\(node.name) gets a piece of block \(piece.tensor), and waits for \(node.missing)")
    }
    node.cached.insert(piece.tensor)
    begin(node, .loaded, after: .seconds(setup.loadSeconds * min(10, node.slowness)))
  }

  func loaded(_ node: Node) {
    node.isLoading = false
    let block = node.missing.removeFirst()
    node.held.insert(block)
    node.loads.append(block)
    node.isWorking = false
    handle(.progressed, by: node)
    guard node.isRunning, !node.isWorking else { return }
    goOnLoading(node)
    if !node.isWorking { finish(node, nil) }
  }

  // MARK: - Passes

  private func compute(_ pass: Pass, _ node: Node) {
    guard node.values.count == pass.microBatch.rowCount else {
      return violate("\(node.values.count) rows came to \(node.name) of \(pass.microBatch.rowCount)")
    }
    guard node.slice != nil else { return violate("\(node.name) computes, and is no stage") }
    let values: [UInt64]
    do throws(ToySlice.Misfit) { values = try node.slice!.run(pass.microBatch, node.values) } catch {
      return violate("\(node.name): \(error)")
    }
    if let budget = coordinator.planned?.plan.positionBudget, node.assignmentEpoch == epoch,
      case let positions = node.slice!.positions(chunk: Configuration.cacheChunk, budget: budget), positions > budget
    {
      return violate("\(node.name) caches \(positions) positions, and has room for \(budget)")
    }
    if let excess = node.excess(limit: setup.replayMemory) {
      return violate("\(node.name) keeps what it handed on in \(excess) bytes too much")
    }
    if !poison.isEmpty, riders[node.sequence]?.contains(where: poison.contains) == true {
      journal?.note(now, "\(node.name) dies of it")
      return kill(node)
    }
    node.keep(pass.microBatch, values)
    node.task += 1
    node.isWorking = true
    node.inHand = values
    if node.isStuck { return }
    let rows = Double(max(1, pass.microBatch.rowCount))
    let block = Duration.seconds(setup.rowSeconds * node.slowness * rows)
    let count = node.slice!.layers.count
    // Between blocks it says that it lives.
    if block > .milliseconds(20) {
      for place in 1..<max(1, count) { queue.add(.progressed(node, task: node.task), at: now + block * place) }
    }
    queue.add(.computed(node, task: node.task, values), at: now + block * count)
  }

  private func recall(_ pass: Pass, _ node: Node) {
    var values: [UInt64] = []
    for segment in pass.microBatch.segments {
      guard segment.slot < node.kept.count, node.kept[segment.slot].count >= segment.positions.upperBound else {
        return violate("\(node.name) is to hand on rows of slot \(segment.slot) that it has not kept")
      }
      values += node.kept[segment.slot][segment.positions]
    }
    node.computed = values
    handle(.computed(isFiniteReceived: true, isFiniteComputed: true), by: node)
  }

  func computed(_ node: Node, _ values: [UInt64]) {
    (node.computed, node.inHand) = (values, nil)
    finish(node, .computed(isFiniteReceived: true, isFiniteComputed: true))
  }

  /// It comes to the end of what it has in hand at once.
  func hurry(_ node: Node) {
    node.isStuck = false
    if node.isWorking, node.isLoading {
      node.task += 1
      queue.add(.loaded(node, task: node.task), at: now + .seconds(setup.loadSeconds))
    }
    guard let values = node.inHand else { return }
    node.task += 1
    queue.add(.computed(node, task: node.task, values), at: now)
  }

  /// What cannot be taken waits in the socket.
  func takeMessages(_ node: Node) {
    while node.isRunning, !node.isBusy(now), node.state.takesMessages, !node.inbox.isEmpty {
      let (event, values) = node.inbox.removeFirst()
      node.values = values
      if case .message(let header, _, _, _) = event { node.sequence = header.sequence }
      handle(event, by: node)
    }
  }
}

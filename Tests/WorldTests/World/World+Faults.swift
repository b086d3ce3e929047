import Pipeline
import Platform

@testable import Coordinator
@testable import Worker

// What is done to the cluster.

extension World {
  /// The worker's process of this name that runs, or ran last.
  func node(_ name: String) -> Node {
    nodes.last { $0.name == name && $0.isRunning } ?? nodes.last { $0.name == name }!
  }

  /// The worker's process ends: its connections do, at once.
  func kill(_ name: String) { kill(node(name)) }

  func kill(_ node: Node) {
    guard node.isRunning else { return }
    exit(node, isKilled: true)
    noticeEnd(node)
  }

  /// Nothing passes between a worker and everybody else, and no connection ends.
  @discardableResult
  func isolate(_ name: String) -> Int {
    let node = node(name)
    return block([Path(from: node), Path(to: node)])
  }

  /// Nothing passes on the link out of a stage; its other links are well.
  func muteLink(outOf name: String) {
    guard let dial = node(name).next else { return }
    block([Path(from: dial.from, to: dial.to, purpose: .data), Path(from: dial.to, to: dial.from, purpose: .data)])
  }

  /// The next message on the link out of a stage gets lost; its connection stands.
  func loseMessage(outOf name: String) { node(name).next?.session?.ways[0].losses = 1 }

  /// A process does nothing for so long, or for ever: none of its threads.
  func halt(_ process: Process, for time: Duration) {
    guard process.isRunning else { return }
    process.haltedUntil = max(process.haltedUntil, now + (time == .zero ? .seconds(1_000_000) : time))
    queue.add(.wake(process, life: process.life), at: process.haltedUntil)
  }

  /// A process that was halted goes on.
  func resume(_ process: Process) {
    guard process.haltedUntil > now else { return }
    process.haltedUntil = now
    queue.add(.wake(process, life: process.life), at: now)
  }

  /// The coordinator does nothing for so long, or nobody does.
  func halt(for time: Duration, coordinatorAlone: Bool) {
    halt(coordinatorProcess, for: time)
    if coordinatorAlone { return }
    for node in nodes { halt(node, for: time) }
  }

  // MARK: - What came of it

  /// Workers that were lost since they handed nothing on.
  var stalled: [String] {
    notices.compactMap { notice in
      guard case .lost(let what, _) = notice, what.contains("handed nothing on") else { return nil }
      return what.split(separator: " ").dropFirst().first.map { String($0) }
    }
  }

  /// What somebody is said to have sent that they must not.
  var breach: String? {
    for case .lost(let what, _) in notices where what.contains("broke the protocol") { return what }
    return nil
  }

  /// Blocks that a worker has brought into memory, in order.
  func loads(of name: String) -> [Int] { node(name).loads }

  /// What of the code was reached.
  var marks: Marks {
    nodes.reduce(earlierMarks.union(coordinator.allMarks)) { $0.union($1.state.marks) }
  }

  func statistic() -> PipelineStatistics { statistics.snapshot() }

  /// What of the pipe did not come back though nothing is in it; nil where all did.
  var leak: String? {
    let scheduler = coordinator.scheduler
    if let slots = scheduler.slots ?? scheduler.lostSlots?.pool, slots.slotsUsed > 0 || slots.positionsUsed > 0 {
      return "\(slots.slotsUsed) slots and \(slots.positionsUsed) positions are taken, by nobody"
    }
    guard let plan = coordinator.planned, plan.isOpen, coordinator.recovery == nil else { return nil }
    for node in coordinator.lastStages.compactMap({ stage in nodes.first { $0.isStage(stage) } }) {
      if node.slice?.isEmpty == false || !node.kept.allSatisfy(\.isEmpty) {
        return "\(node.name) has rows in its caches, and no slot is taken"
      }
    }
    let credits = min(plan.plan.credits, setup.creditLimit)
    for dial in [first] + coordinator.lastStages.map({ stage in nodes.first { $0.isStage(stage) }?.next }) {
      guard let dial, !dial.isFaulty else { continue }
      // It comes in quarters.
      if dial.credit > credits || dial.credit <= credits - max(1, credits / 4) {
        return "\(dial.from.name) has credit for \(dial.credit) passes of \(credits)"
      }
    }
    return nil
  }

  /// Whether nothing is left of any request: no slot, no row in flight, nobody who waits.
  var isIdle: Bool { coordinator.scheduler.isIdle }
}

extension Node {
  fileprivate func isStage(_ stage: CoordinatorState.PlannedStage) -> Bool {
    guard isRunning, state.settings.hello.process == stage.process, let links = state.links else { return false }
    return links.outgoing.isOpen
  }
}

extension CoordinatorState {
  var allMarks: Marks { marks.union(roster.marks).union(scheduler.marks) }
}

import Pipeline
import Platform

@testable import Coordinator
@testable import Worker

// Who has died with what, as the world knows it, and not as the coordinator finds out.

extension World {
  /// A process that was gone when its plan was lost.
  struct Death {
    let process: UInt64
    /// Whose rows were in the pipe, and how much of each had come by then.
    let suspects: [RequestID: Int]
    /// Whose rows had gone to it, and had not come out of it; nil where nobody knows any more.
    let inHand: Set<RequestID>?
  }

  /// A plan is over.
  ///
  /// - Parameter inFlight: micro-batches that had not come back.
  func lost(_ plan: PlanEpoch, of stages: [CoordinatorState.PlannedStage], _ epoch: Epoch, _ inFlight: Int) {
    guard inFlight > 0, plan.isOpen else { return }
    lostPasses += inFlight
    let nodes = stages.map { stage in
      self.nodes.first { $0.state.settings.hello.process == stage.process }
    }
    let links = nodes.map { $0?.links(of: epoch) }
    let suspects = Set(sent.suffix(inFlight).flatMap { riders[$0] ?? [] })
    let counts = Dictionary(uniqueKeysWithValues: suspects.map { ($0, results[$0]?.count ?? 0) })
    for (place, stage) in stages.enumerated() where nodes[place].map(isGone) ?? true {
      let given = place == 0 ? sent.count : links[place - 1].map { Int($0.outgoing.passCount) }
      let handedOn = links[place].map { Int($0.outgoing.passCount) }
      var inHand: Set<RequestID>?
      if let given, let handedOn { inHand = Set(sent[min(given, handedOn)..<given].flatMap { riders[$0] ?? [] }) }
      deaths.append(Death(process: stage.process, suspects: counts, inHand: inHand))
    }
  }

  /// Whether two died while it was in the pipe and did not get on, and the second one with nothing else.
  func mayHaveDied(of id: RequestID) -> Bool {
    let deaths = deaths.filter { $0.suspects[id] != nil }
    return deaths.indices.contains { place in
      deaths[place].inHand?.isSubset(of: [id]) ?? true
        && deaths[..<place].contains { earlier in
          earlier.process != deaths[place].process && earlier.suspects[id] == deaths[place].suspects[id]
        }
    }
  }

  /// Whether a process has ended, or is as good as that to the coordinator.
  private func isGone(_ node: Node) -> Bool {
    if !node.isRunning { return true }
    // The session ends those of its own that are not there any more, and nobody learns whether they were.
    if setup.restarts, node.control?.session?.isCut ?? true { return true }
    return node.haltedUntil > now || node.isStuck || node.slowness > 1 || node.control?.session?.isHalfOpen ?? false
      || blocks.contains { $0.path.isOf(node, coordinatorProcess) || $0.path.isOf(coordinatorProcess, node) }
  }
}

extension Path {
  /// Whether it is all that passes from one process to another.
  fileprivate func isOf(_ sender: Process, _ receiver: Process) -> Bool {
    purpose == nil && (from == nil || from === sender) && (to == nil || to === receiver)
  }
}

extension Node {
  fileprivate func links(of epoch: Epoch) -> StageLinks? {
    if case .member(let membership) = state.phase, membership.epoch == epoch { state.links } else { nil }
  }
}

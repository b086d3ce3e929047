import Pipeline
import Platform

@testable import Coordinator

/// What has to come of a seed with a single fault, and when, besides every request's end.
enum Expectation {
  /// Longest from a worker's or a link's silence to the loss being known, where blocks take microseconds.
  static let noticing = Duration.milliseconds(2200)
  /// The same where the worker says hello again, though its connection has not ended for the coordinator.
  static let replacing = Duration.seconds(1)
  /// Longest from there to work going on, where others can share the blocks at once.
  static let recovering = Duration.seconds(3)
  /// The same where only a data link is silent, since the same workers are tried once more.
  static let relinking = Duration.milliseconds(3500)
  /// Longest from when a worker is well again to when it is a member again.
  static let returning = Duration.milliseconds(2500)
  /// Longest halt of the coordinator, or of everybody, that loses nobody.
  static let nap = 3000
}

extension Simulation {
  /// Whether everything that happens is a nap of the coordinator, or of everybody.
  var napsOnly: Bool {
    options.faults.allSatisfy { $0.kind == .stop && $0.target <= 0 && $0.lasting <= Expectation.nap }
      && world.poison.isEmpty
  }

  /// Sees, in a while, whether a fault was noticed that has to be.
  func expectNotice(of fault: Fault) {
    guard options.isCalmAfter(fault), isSilencing(fault) else { return }
    let losses = world.statistic().losses
    world.at(world.now + (fault.kind == .halfOpen ? Expectation.replacing : Expectation.noticing)) { world in
      if world.statistic().losses == losses { world.violate("\(fault.word) is not noticed in time") }
    }
    // Where somebody can take the place at once, nobody has to be waited for.
    guard options.means.contains(.split), options.expected > 1, options.positions == 0, options.lean == 0 else {
      return
    }
    let time = fault.kind == .mute && fault.amount >= 2 ? Expectation.relinking : Expectation.recovering
    world.at(world.now + Expectation.noticing + time) { world in
      guard world.coordinator.recovery == nil, world.coordinator.planned?.isOpen == true else {
        return world.violate("after \(fault.word) work does not go on in time")
      }
    }
  }

  /// Sees, a while after a worker was silent, whether it is a member again.
  func expectReturn(after fault: Fault) {
    guard options.faults.count == 1, fault.lasting > 0, options.slowest <= 500, !options.sharesFiles,
      world.poison.isEmpty,
      [.stop, .isolate].contains(fault.kind), fault.target > 0, world.nodes.indices.contains(fault.target - 1)
    else { return }
    let node = world.nodes[fault.target - 1]
    world.at(world.now + .milliseconds(fault.lasting) + Expectation.returning) { world in
      let isMember = world.coordinator.roster.members.contains { $0.hello.name == node.name && $0.hasReported }
      if !isMember { world.violate("\(node.name) is well again, and does not join") }
    }
  }

  /// Whether a worker of an open pipe, or a link of it, falls silent.
  private func isSilencing(_ fault: Fault) -> Bool {
    guard let plan = world.coordinator.planned, plan.isOpen else { return false }
    let names = world.coordinator.lastStages.map(\.name)
    func place(_ number: Int) -> Int? {
      number == 0
        ? names.count
        : world.nodes.indices.contains(number - 1) ? names.firstIndex(of: world.nodes[number - 1].name) : nil
    }
    guard let stage = place(fault.target) else { return false }
    switch fault.kind {
    case .stop, .isolate, .vanish: return fault.target > 0
    case .halfOpen: return fault.target > 0 && fault.amount == 2 && !options.sharesFiles
    case .mute:
      guard let other = place(fault.other) else { return false }
      // Who hears nothing of the coordinator at all takes it for stopped.
      if fault.target == 0 { return other == 0 && fault.amount >= 2 }
      return other == stage + 1 || fault.other == 0 && fault.amount < 2
    default: return false
    }
  }
}

extension Options {
  /// Whether all that happens is that workers leave in order, while all goes quickly.
  var leavesOnly: Bool {
    faults.allSatisfy { $0.kind == .leave } && rowTime <= 10_000 && headTime <= 1000 && slowest <= 500
      && !orders.contains { $0.isPoison }
  }

  /// Whether it is the only fault, lasts, and all goes quickly.
  func isCalmAfter(_ fault: Fault) -> Bool {
    faults.count == 1 && (fault.lasting == 0 || fault.lasting >= 3000) && calm >= fault.at + 3000 && slowest <= 500
      && rowTime <= 10_000 && headTime <= 1000 && !orders.contains { $0.isPoison }
  }
}

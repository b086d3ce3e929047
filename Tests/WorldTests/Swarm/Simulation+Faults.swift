import Platform

@testable import Coordinator
@testable import Worker

extension Simulation {
  /// The process that a fault is about; nil for everybody, or where there is none.
  private func process(_ number: Int) -> Process? {
    number == 0 ? world.coordinatorProcess : world.nodes.indices.contains(number - 1) ? world.nodes[number - 1] : nil
  }

  func apply(_ fault: Fault, _ index: Int) {
    expectNotice(of: fault)
    expectReturn(after: fault)
    guard inject(fault, index) else { return }
    // Each of its resets is one.
    tally.faults += fault.kind == .flap ? 2 : 1
    if fault.isOfWorker || [.kill, .leave, .cut, .halfOpen].contains(fault.kind) { tally.workerFaults += 1 }
    world.journal?.note(world.now, "FAULT \(fault.word)")
  }

  private func after(_ time: Int, _ body: @escaping (World) -> Void) {
    world.at(world.now + .milliseconds(time), body)
  }

  /// - Returns: whether there was something to do it to.
  private func inject(_ fault: Fault, _ index: Int) -> Bool {
    if fault.kind == .join {
      world.addWorker()
      return true
    }
    if fault.kind == .stop, fault.target < 0 {
      world.halt(for: .milliseconds(fault.lasting), coordinatorAlone: false)
      return true
    }
    guard let process = process(fault.target), process.isRunning else { return false }
    let node = process as? Node
    // Nobody misses one of the session's that never came.
    if options.sharesFiles, fault.kind == .stop, fault.lasting == 0,
      !world.coordinator.roster.joined.contains(where: { $0.name == process.name })
    {
      return false
    }
    switch fault.kind {
    case .join: break
    case .stop: world.halt(process, for: .milliseconds(fault.lasting))
    case .twin: world.addWorker(name: process.name)
    case .kill:
      guard let node else {
        world.killCoordinator()
        after(fault.lasting) { [unowned self] _ in comeAgain() }
        return true
      }
      world.kill(node)
      if fault.amount == 1 { node.cached = [] }
      if fault.lasting > 0 { after(fault.lasting) { $0.start(node) } }
    case .vanish:
      guard let node else { return false }
      hold(index, [Path(from: node), Path(to: node)], fault)
      world.exit(node, isKilled: true)
    case .stuck:
      guard let node else { return false }
      node.isStuck = true
      if fault.lasting > 0 { after(fault.lasting) { $0.hurry(node) } }
    case .slow:
      guard let node else { return false }
      node.slowness = Double(fault.amount)
      if fault.lasting > 0 { after(fault.lasting) { _ in node.slowness = 1 } }
    case .isolate: hold(index, [Path(from: process), Path(to: process)], fault)
    case .mute:
      guard let other = self.process(fault.other), other !== process else { return false }
      hold(index, [Path(from: process, to: other, purpose: fault.amount >= 2 ? .data : nil)], fault)
    case .hush:
      guard let other = self.process(fault.other), other !== process else { return false }
      let paths = [(process, other), (other, process)].map { Path(from: $0, to: $1, purpose: .data, connects: true) }
      hold(index, paths, fault)
    case .lag:
      let time = Duration.milliseconds(fault.amount)
      world.slowDown(Path(from: process), by: time, id: index)
      world.slowDown(Path(to: process), by: time, id: index)
      after(max(1, fault.lasting)) { $0.lags.removeAll { $0.id == index } }
    case .cut: return end(process, isData: fault.amount == 1, tellsDialer: true, tellsListener: true)
    case .flap:
      flap(process, isData: fault.amount == 1, until: world.now + .milliseconds(fault.lasting))
    case .halfOpen:
      return end(
        process, isData: fault.amount % 2 == 1, tellsDialer: fault.amount >= 2, tellsListener: fault.amount < 2)
    case .barren:
      guard let node, options.sharesFiles else { return false }
      if fault.amount == 1 { node.hangsOnStart = true } else { node.cannotStart = true }
      world.kill(node)
    case .lose, .copy:
      let isControl = fault.other == 1
      let dial = isControl ? node?.control : node.map { $0.next } ?? world.first
      let into = world.sessions.last { $0.dial.to === process && $0.dial.purpose == .data && !$0.isCut }
      guard let session = fault.amount > 0 || isControl ? dial?.session : into else { return false }
      let way = fault.amount > 0 ? 0 : 1
      if fault.kind == .lose {
        session.ways[way].losses += abs(fault.amount)
      } else {
        session.ways[way].copies += abs(fault.amount)
      }
    case .leave:
      guard let node else { return false }
      world.reach(node, .worker(.leave))
    }
    return true
  }

  private func hold(_ index: Int, _ paths: [Path], _ fault: Fault) {
    let block = world.block(paths)
    heldUp[index] = block
    guard fault.lasting > 0 else { return }
    after(fault.lasting) { [unowned self] world in
      if heldUp.removeValue(forKey: index) != nil { world.unblock(block, resets: fault.amount % 2 == 1) }
    }
  }

  private func flap(_ process: Process, isData: Bool, until end: Instant) {
    guard !isCalm, world.now < end else { return }
    _ = self.end(process, isData: isData, tellsDialer: true, tellsListener: true)
    after(70) { [unowned self] _ in flap(process, isData: isData, until: end) }
  }

  private func end(_ process: Process, isData: Bool, tellsDialer: Bool, tellsListener: Bool) -> Bool {
    let node = process as? Node
    let dial = isData ? node.map { $0.next } ?? world.first : node?.control
    guard let session = dial?.session, !session.isCut else { return false }
    world.cut(session, tellsDialer: tellsDialer, tellsListener: tellsListener)
    return true
  }
}

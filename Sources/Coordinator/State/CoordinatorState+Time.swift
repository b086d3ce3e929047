internal import Pipeline
internal import Platform
internal import ZeroMQ

extension CoordinatorState {
  /// Lets time pass: who was silent for too long is lost, and what takes too long is named.
  mutating func tick() throws {
    beat()
    // Nobody is heard during a halt of this thread itself.
    let halt = now - lastTick - Self.halt
    lastTick = now
    if halt > .zero, !settings.omitted.contains(.forgiveness) {
      marks.insert(.forgiven)
      let now = now
      roster.forgive(halt, now: now)
      planned?.deadline.forgive(halt, now: now)
    }
    let grace = Roster.grace(blockSeconds: planned?.plan.slowestBlock ?? 0)
    try handle(roster.tick(now: now, grace: grace, isUrgent: recovery != nil || planned?.entrance != nil))
    if let cut = planned?.cut, now - cut.since > Self.cutPatience { throw cut.loss }
    let patience = settings.omitted.contains(.draining) ? .zero : Self.drainPatience
    if let drainingSince, scheduler.inFlight == 0 || now - drainingSince >= patience {
      marks.insert(scheduler.inFlight == 0 ? .drained : .drainedLate)
      guard let reason = improving.take(), !roster.members.contains(where: \.isLeaving) else { throw departure() }
      replan(reason)
    }
    startAgain()
    convict()
    if recovery != nil, planned == nil { try planIfDue() }
    if now - lastLook >= Self.pulseInterval {
      lastLook = now
      statistics.membership(of: roster)
      try look()
      improveIfItPays()
    }
    pump()
    statistics.occupied(by: scheduler)
  }

  /// Says that this thread works, when that is due: to the workers, and over the coordinator's own data links.
  mutating func beat() {
    guard now - lastPulse >= Self.pulseInterval else { return }
    lastPulse = now
    for member in roster.members { send(.pulse(Pulse(time: now.nanoseconds)), to: member.id) }
    guard let epoch = planned else { return }
    if let answer = epoch.incoming.beat() { send(answer) }
    if let (header, message) = epoch.entrance?.link.beat() { emit(.sendFirst(header, message)) }
  }

  /// What is looked at a few times a second.
  private mutating func look() throws {
    guard let epoch = planned else {
      guard recovery == nil, now - started > settings.patience, !roster.isComplete else { return }
      throw ClusterError.tooFewWorkers(
        joined: roster.joined.map(\.name), expected: settings.expected, after: settings.patience,
        command: settings.sharesFiles
          ? nil : "gpt2 worker --coordinator \(Address.dialed(settings.listening))\(settings.workerFlags)",
        turnedAway: turnedAway)
    }
    guard let entrance = epoch.entrance else { return tellLoading() }
    switch epoch.entrance!.link.step(now: now) {
    case .send(let header, let message): emit(.sendFirst(header, message))
    case .dialAgain(let attempt):
      marks.insert(.dialedAgain)
      emit(.dialFirstAgain(name: "\(linkName).\(attempt)"))
      let (header, message) = epoch.entrance!.link.ask(now: now)
      emit(.sendFirst(header, message))
    case nil: break
    }
    if entrance.link.isUnreached(now: now), !settings.omitted.contains(.linkPatience) {
      marks.insert(.firstUnreached)
      throw unreachable(epoch.stages[0], after: now - entrance.dialed)
    }
    if !entrance.link.isOpen, now - entrance.dialed > Self.linkPatience, !settings.omitted.contains(.linkPatience) {
      marks.insert(.firstUnreachable)
      throw unreachable(epoch.stages[0], after: Self.linkPatience)
    }
    if let time = epoch.entrance!.link.silence(now: now) { emit(.askQuiet(.outgoing, nil, time)) }
    if let time = epoch.incoming.silence(now: now) { emit(.askQuiet(.incoming, epoch.incoming.connection, time)) }
    if let time = epoch.deadline.overdue(now: now), !settings.omitted.contains(.deadline) {
      throw overdue(entrance.link, time)
    }
  }

  private func unreachable(_ stage: StageDescription, after time: Duration) -> Loss {
    Loss(
      error: .unreachable(name: stage.name, address: stage.address, after: time), link: [[], lastStages[0].id],
      isUnanswered: true)
  }

  /// Who has asked to go is let go, and the plan ends with it.
  private mutating func departure() -> Loss {
    drainingSince = nil
    let leaving = roster.members.filter { $0.isLeaving }
    for member in leaving {
      send(.goodbye(Goodbye(reason: "")), to: member.id)
      roster.remove(member.id)
    }
    return Loss(error: .workerLeft(name: leaving.first?.name ?? "", blocks: leaving.first?.stage.flatMap(blocks)))
  }

  private mutating func tellLoading() {
    let ready = roster.stages.count { if case .ready = $0.standing { true } else { false } }
    guard let epoch = planned, epoch.told != (ready, bytesSent) else { return }
    epoch.told = (ready, bytesSent)
    emit(.notify(.loading(ready: ready, of: roster.stages.count, bytesSent: bytesSent)))
  }
}

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
    if halt > .zero {
      let now = now
      roster.forgive(halt, now: now)
      epoch?.deadline.forgive(halt, now: now)
    }
    let grace = epoch?.entrance == nil ? .zero : Roster.grace(blockSeconds: epoch!.plan.slowestBlock)
    try handle(roster.tick(now: now, grace: grace))
    if let cut = epoch?.cut, now - cut.since > Self.cutPatience { throw cut.error }
    if now - lastLook >= Self.pulseInterval {
      lastLook = now
      try look()
    }
    pump()
    statistics.occupied(by: scheduler)
  }

  /// Says that this thread works, when that is due: to the workers, and over the coordinator's own data links.
  mutating func beat() {
    guard now - lastPulse >= Self.pulseInterval else { return }
    lastPulse = now
    for member in roster.members { send(.pulse(Pulse(time: now.nanoseconds)), to: member.id) }
    guard let epoch else { return }
    if let answer = epoch.incoming.beat() { send(answer) }
    if let (header, message) = epoch.entrance?.link.beat() { emit(.sendFirst(header, message)) }
  }

  /// What is looked at a few times a second.
  private mutating func look() throws {
    guard let epoch else {
      guard now - started > settings.patience, !roster.isComplete else { return }
      throw ClusterError.tooFewWorkers(
        joined: roster.joined.map(\.name), expected: settings.workerCount, after: settings.patience,
        command: settings.sharesFiles
          ? nil : "gpt2 worker --coordinator \(Address.dialed(settings.listening))\(settings.workerFlags)",
        turnedAway: turnedAway)
    }
    guard let entrance = epoch.entrance else { return tellLoading() }
    switch epoch.entrance!.link.step(now: now) {
    case .send(let header, let message): emit(.sendFirst(header, message))
    case .dialAgain(let attempt):
      emit(.dialFirstAgain(name: "\(linkName).\(attempt)"))
      let (header, message) = epoch.entrance!.link.ask(now: now)
      emit(.sendFirst(header, message))
    case nil: break
    }
    if !entrance.link.isOpen, now - entrance.dialed > Self.linkPatience {
      let first = epoch.stages[0]
      throw ClusterError.unreachable(name: first.name, address: first.address, after: Self.linkPatience)
    }
    if epoch.entrance!.link.silence(now: now) != nil { emit(.askQuiet(.outgoing, nil)) }
    if epoch.incoming.silence(now: now) != nil { emit(.askQuiet(.incoming, epoch.incoming.connection)) }
    if let time = epoch.deadline.overdue(now: now) { throw overdue(entrance.link, time) }
  }

  private mutating func tellLoading() {
    let ready = roster.stages.count { if case .ready = $0.standing { true } else { false } }
    guard let epoch, epoch.told != (ready, bytesSent) else { return }
    epoch.told = (ready, bytesSent)
    emit(.notify(.loading(ready: ready, of: roster.stages.count, bytesSent: bytesSent)))
  }
}

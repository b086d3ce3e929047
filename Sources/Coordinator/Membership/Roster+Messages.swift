internal import Pipeline
internal import Platform
internal import ZeroMQ

// What members say.

extension Roster {
  /// Takes in a message of a worker.
  mutating func receive(
    _ message: Message, _ header: Header, from id: ID, _ caller: Caller = Caller(), now: Instant
  ) -> [Event] {
    if case .hello(let hello) = message { return take(hello, header, from: id, caller, now: now) }
    guard let index = index(of: id) else {
      return [.stranger(id, reason: "sent \(message.kind) and is not of this cluster")]
    }
    let (name, stage) = (members[index].name, members[index].stage)
    guard members[index].caller.key == caller.key else {
      return [.stranger(id, reason: "sent \(message.kind) with another key than \(name) joined with")]
    }
    guard header.number == members[index].received || omitted.contains(.controlNumbers) else {
      let reason = "message \(members[index].received) is missing, \(header.number) came"
      return [forget(index, .broken(name: name, stage: stage, reason: reason))]
    }
    members[index].received &+= 1
    members[index].lastHeard = now
    if header.epoch == epoch { members[index].lastCurrent = now }
    let word = lastWord(index, header.epoch)
    return word + (report(id) ? [.joined(id)] : []) + take(message, header, of: index, now: now)
  }

  /// Notes that a member has said more than hello; whether it had not before.
  mutating func report(_ id: ID) -> Bool {
    guard let index = index(of: id), !members[index].hasReported else { return false }
    members[index].hasReported = true
    return true
  }

  /// Takes in a message that is not hello.
  mutating func take(_ message: Message, _ header: Header, of index: Int, now: Instant) -> [Event] {
    let (id, name, stage) = (members[index].id, members[index].name, members[index].stage)
    switch (message, members[index].standing) {
    case (.heartbeat(let heartbeat), _):
      take(heartbeat, header.epoch, index, now)
      if header.epoch.isBefore(epoch) { members[index].lastWord = (header.epoch, heartbeat.taken, heartbeat.passed) }
      return []
    case (.failure(let failure), _):
      guard let link = failure.link else {
        return [forget(index, .failed(name: name, stage: stage, reason: failure.reason))]
      }
      guard header.epoch == epoch, let stage else { return [.fenced] }
      return [.linkFailed(name: name, stage: stage, link, failure)]
    case (.goodbye, _):
      if members[index].isLeaving { return [] }
      members[index].isLeaving = true
      return [.leaving(id)]
    case (.measurement(let measurement), .welcomed) where measures,
      (.measurement(let measurement), .spare) where measures:
      guard !measurement.points.isEmpty, members[index].blockTimes.isEmpty else { break }
      let elapsed = max(.zero, now - members[index].arrival)
      let limit = min(elapsed + Self.measuringSlack, Self.slowestBlock) / .seconds(1)
      if let point = measurement.points.first(where: { $0.seconds > limit }) {
        let reason =
          "it says that a block of \(point.rows) rows takes it \(point.seconds) s, measured in \(elapsed.inSeconds)"
        return [forget(index, .broken(name: name, stage: stage, reason: reason))]
      }
      members[index].blockTimes = measurement.points
      if members[index].standing == .welcomed { members[index].standing = .measured }
      return [.measured(id)]
    case (.wanted, _) where isOfAnother(header), (.ready, _) where isOfAnother(header):
      // It has not heard yet that this plan is over.
      if header.epoch.isBefore(epoch) { return [.fenced] }
      let reason = "\(message.kind) is of epoch \(header.epoch), and this is \(epoch)"
      return [forget(index, .broken(name: name, stage: stage, reason: reason))]
    case (.wanted(let wanted), let standing) where standing.awaitsWeights && !members[index].holding.isEmpty:
      members[index].lastLoaded = now
      return [.wanted(id, wanted)]
    case (.ready(let ready), .assigned(let stage)):
      members[index].ready = ready
      members[index].held = members[index].holding
      members[index].standing = .ready(stage: stage)
      return isReady ? [.ready] : []
    case (.ready(let ready), let standing) where standing.awaitsWeights && !members[index].holding.isEmpty:
      members[index].ready = ready
      members[index].held = members[index].holding
      return [.holds(id)]
    default: break
    }
    return [forget(index, .broken(name: name, stage: stage, reason: "\(message.kind) was not due"))]
  }

  /// What it said last of a plan that is over is known once it speaks of a later one.
  private mutating func lastWord(_ index: Int, _ epoch: Epoch) -> [Event] {
    guard let word = members[index].lastWord, word.epoch.isBefore(epoch) else { return [] }
    members[index].lastWord = nil
    return [.lastWord(members[index].id, word.epoch, taken: word.taken, passed: word.passed)]
  }

  /// Takes in something of a worker that is no message.
  mutating func receiveUnreadable(from id: ID, reason: String) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    return [forget(index, .broken(name: member.name, stage: member.stage, reason: reason))]
  }

  /// A worker's connection has ended: a lost link is a lost worker.
  mutating func disconnected(_ id: ID) -> [Event] {
    guard let index = index(of: id) else { return [] }
    let member = members[index]
    guard member.hasReported else {
      members.remove(at: index)
      return []
    }
    let reason = "its connection ended (\(member.hello.address))"
    return [forget(index, .lost(name: member.name, stage: member.stage, reason: reason))]
  }

  /// Whether it is of another plan than the present one.
  private func isOfAnother(_ header: Header) -> Bool {
    header.epoch != epoch && !omitted.contains(.controlEpoch)
  }

  mutating func take(_ heartbeat: Heartbeat, _ epoch: Epoch, _ index: Int, _ now: Instant) {
    let member = members[index]
    let isCurrent = epoch == self.epoch
    // One that is no stage any more says that it has taken nothing.
    let (taken, passed) =
      isCurrent ? (max(member.taken, heartbeat.taken), max(member.passed, heartbeat.passed)) : (0, 0)
    if (member.progress, member.taken, member.passed) != (heartbeat.progress, taken, passed) || taken <= passed {
      members[index].lastMoved = now
    }
    if member.progress != heartbeat.progress { members[index].lastLoaded = now }
    members[index].progress = heartbeat.progress
    (members[index].taken, members[index].passed) = (taken, passed)
    guard heartbeat.pulse != 0, heartbeat.time >= heartbeat.pulseArrival else { return }
    let held = Duration.nanoseconds(Int64(clamping: heartbeat.time - heartbeat.pulseArrival))
    let exchange = now - Instant(nanoseconds: heartbeat.pulse) - held
    guard exchange >= .zero, exchange < members[index].quickestExchange else { return }
    members[index].quickestExchange = exchange
    // Half of the exchange each way.
    members[index].clockOffset =
      Int64(truncatingIfNeeded: heartbeat.time) &- Int64(truncatingIfNeeded: (now - exchange / 2).nanoseconds)
  }

  /// Gives a member up, whatever it says from now on.
  mutating func remove(_ id: ID) { members.removeAll { $0.id == id } }

  mutating func forget(_ index: Int, _ event: Event) -> Event {
    members.remove(at: index)
    return event
  }
}

internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

// MARK: - The link into the first stage

extension CoordinatorState {
  /// Takes in credit, and sends as much as may go now.
  mutating func receiveFirst(_ header: Header, _ message: Message) throws {
    guard let epoch = planned, epoch.entrance != nil else { return }
    let wasOpen = epoch.isOpen
    do throws(LinkError) {
      try epoch.entrance!.link.receive(header, message, now: now)
    } catch {
      if error.isOfConnection { return try loseLink(.outgoing, error) }
      throw loss(ofStage: 0, firstBroken(error))
    }
    if epoch.isOpen, !wasOpen { opened(epoch) }
    pump()
  }

  mutating func firstDisconnected() throws {
    guard let epoch = planned, epoch.entrance != nil else { return }
    do { try epoch.entrance!.link.disconnected() } catch { try loseLink(.outgoing, error) }
  }

  /// The pipe is open, and work goes through.
  private mutating func opened(_ epoch: PlanEpoch) {
    epoch.opened = now
    hasOpened = true
    emit(.notify(.ready(epoch.stages)))
    recovered()
    emit(.open(epoch.stages))
    enlistSpares()
  }

  func firstBroken(_ error: any BreachOfLink) -> ClusterError {
    .workerBroken(name: planned?.stages.first?.name ?? "", reason: "\(error)")
  }

  /// What the last stage did on its link, which it must not.
  func lastBroken(_ error: any Error) -> ClusterError {
    .workerBroken(name: planned?.stages.last?.name ?? "", reason: "\(error)")
  }
}

// MARK: - Links that are lost

extension CoordinatorState {
  /// Nothing has come over a link for so long, not even a part of a message.
  mutating func silent(_ side: LinkSide, _ time: Duration) throws {
    if let patience = planned?.patience, time > patience { try loseLink(side, .silent(time)) }
  }

  /// A link of the coordinator's own does not work any more.
  mutating func loseLink(_ side: LinkSide, _ reason: LinkError) throws {
    guard let epoch = planned else { return }
    let stage = side == .outgoing ? 0 : epoch.stages.count - 1
    let name = label(stage)
    let error = ClusterError.linkLost(
      from: side == .outgoing ? "the coordinator" : name, to: side == .outgoing ? name : "the coordinator",
      reason: "\(name) \(reason)")
    let loss = Loss(error: error, link: [lastStages[stage].id, []])
    guard reason == .cut else {
      let absent = absent(stage)
      if absent != nil { marks.insert(.absentBlamed) }
      throw absent ?? loss
    }
    guard epoch.cut == nil else { return }
    epoch.cut = (loss, now)
    if settings.means.isEmpty { emit(.notify(.ending("\(error)"))) }
  }

  /// What is wrong, when the worker of a stage says that one of its links is: the link, or the worker behind it.
  mutating func linkFailed(_ stage: Int, _ link: LinkSide, _ name: String, _ reason: String) -> Loss {
    let other = link == .incoming ? stage - 1 : stage + 1
    if let lost = absent(other) {
      marks.insert(.absentBlamed)
      return lost
    }
    let own = "stage \(stage + 1) (\(name))"
    let foreign = roster.stages.contains { $0.stage == other } ? label(other) : "the coordinator"
    let ids = [stage, other].map { index in lastStages.indices.contains(index) ? lastStages[index].id : [] }
    return link == .incoming
      ? Loss(error: .linkLost(from: foreign, to: own, reason: "\(foreign) \(reason)"), link: [ids[1], ids[0]])
      : Loss(error: .linkLost(from: own, to: foreign, reason: "\(foreign) \(reason)"), link: ids)
  }

  /// That a stage's worker is lost, if nothing is heard of it just now: then its links say nothing of their own.
  private func absent(_ stage: Int) -> Loss? {
    guard let member = roster.stages.first(where: { $0.stage == stage }),
      case let silence = now - member.lastHeard, silence > Self.presence
    else { return nil }
    return Loss(
      error: .workerLost(
        name: member.name, blocks: blocks(stage),
        reason: "nothing heard of it at \(member.hello.address) for \(silence.inSeconds)"), culprits: [member.id],
      stage: stage)
  }

  /// The last stage that has a micro-batch in hand: those before it may wait for room.
  var lastHolding: Int? { roster.stages.lastIndex { $0.passed < $0.taken } }

  /// That the worker of a stage lives, and hands nothing on.
  func loss(ofStage stage: Int, after time: Duration) -> Loss {
    var loss = loss(ofStage: stage, .workerStalled(name: lastStages[stage].name, blocks: blocks(stage), after: time))
    loss.stage = stage
    return loss
  }

  /// That the worker of a stage is of no use any more.
  func loss(ofStage stage: Int, _ error: ClusterError) -> Loss {
    Loss(error: error, culprits: lastStages.indices.contains(stage) ? [lastStages[stage].id] : [])
  }

  /// A stage as people count, with its worker's name.
  private func label(_ stage: Int) -> String {
    "stage \(stage + 1) (\(roster.stages.first { $0.stage == stage }?.name ?? "?"))"
  }

  /// Who has what does not come back: the first stage that has taken fewer micro-batches than were handed to it, or handed on
  /// fewer than it took.
  mutating func overdue(_ entrance: PassSender, _ time: Duration) -> Loss {
    if let stage = lastHolding {
      marks.insert(.overdueStage)
      return loss(ofStage: stage, after: time)
    }
    marks.insert(.overdueLink)
    var (handedOn, sender) = (entrance.passCount, "the coordinator")
    for (index, member) in roster.stages.enumerated() {
      let name = label(index)
      if member.taken < handedOn {
        return Loss(
          error: .linkLost(from: sender, to: name, reason: "\(name) lives, and took nothing for \(time.inSeconds)"),
          link: [index > 0 ? lastStages[index - 1].id : [], member.id])
      }
      (handedOn, sender) = (member.passed, name)
    }
    return loss(ofStage: lastStages.count - 1, after: time)
  }
}

internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

// MARK: - What comes over the listening socket

extension CoordinatorState {
  mutating func receive(_ header: Header, _ message: Message, _ payload: Payload?, from peer: Peer) throws {
    switch message {
    case .open, .pass, .beat: try receiveFromLast(header, message, payload, from: peer)
    default:
      // Who sends activations sends nothing else there.
      if isLastStage(peer.id) { return try receiveFromLast(header, message, payload, from: peer) }
      try handle(roster.receive(message, header, from: peer.id, peer.caller, now: now), from: peer)
    }
  }

  /// What comes over the link from the last stage, or from who would like to be it.
  private mutating func receiveFromLast(
    _ header: Header, _ message: Message, _ payload: Payload?, from peer: Peer
  ) throws {
    // Whoever has not heard that its plan is over asks again when it has another.
    guard let epoch = planned else { return statistics.fenced() }
    let arrival: PassReceiver.Arrival
    do {
      arrival = try epoch.incoming.receive(header, message, payload: payload?.byteCount, from: peer, now: now)
    } catch let error as LinkError where error.isOfConnection {
      return try loseLink(.incoming, error)
    } catch let error as any BreachOfLink { throw loss(ofStage: epoch.stages.count - 1, lastBroken(error)) }
    switch arrival {
    case .fenced:
      marks.insert(.dataFenced)
      statistics.fenced()
    case .stranger(let reason): ignore(peer, reason)
    case .nothing: break
    case .opened(let answer): send(answer)
    case .pass(let answer):
      if let answer { send(answer) }
      guard case .pass(let pass) = message, let payload else { return }
      try arrived(header, pass, isFinite: payload.isFinite)
    }
  }

  mutating func receiveUnreadable(_ error: WireError, from peer: Peer) throws {
    if planned?.incoming.isSender(peer.id) == true { throw loss(ofStage: lastStages.count - 1, lastBroken(error)) }
    if roster[peer.id] != nil {
      try handle(roster.receiveUnreadable(from: peer.id, reason: "it \(error)"), from: peer)
    } else if case .otherVersion = error {
      refuse(peer.id, peer.caller.host ?? "somebody", "it \(error)")
    } else {
      ignore(peer, "\(error)")
    }
  }

  mutating func receiveMisshapen(_ reason: String, from peer: Peer) throws {
    if planned?.incoming.isSender(peer.id) == true {
      throw loss(ofStage: lastStages.count - 1, lastBroken(WireError.wrongFrameCount(found: 4, expected: 3)))
    }
    ignore(peer, reason)
  }

  mutating func refuseUnresolved(_ hello: Hello, _ peer: Peer, _ reason: String) {
    refuse(
      peer.id, hello.name,
      "it announced \(hello.address), which the coordinator cannot look up (\(reason)); start it with --advertise tcp://HOST:PORT, the address that the other hosts reach it at"
    )
  }

  /// A connection has ended; what came over it was taken before, since it tells more.
  mutating func disconnected(_ connection: ConnectionNumber) throws {
    if let id = roster.owner(of: connection) { try handle(roster.disconnected(id)) }
    guard let epoch = planned else { return }
    do { try epoch.incoming.disconnected(connection) } catch { try loseLink(.incoming, error) }
  }

  mutating func allow(_ keys: AllowedKeys) throws {
    for member in roster.allow(keys) {
      try handle(roster.withdraw(member.id))
      if let connection = member.caller.connection { emit(.endConnection(connection)) }
    }
  }

  mutating func lose(_ name: String, _ reason: String) throws {
    let member = roster.members.first { $0.hello.name == name }
    let stage = member?.stage
    let error = ClusterError.workerLost(name: name, blocks: stage.flatMap(blocks), reason: reason)
    if let member { roster.remove(member.id) }
    try part(from: name, stage, Loss(error: error, stage: stage), reason)
  }
}

// MARK: - What the roster says

extension CoordinatorState {
  /// - Parameter sender: whose message it came from, if it did.
  mutating func handle(_ events: [Roster.Event], from sender: Peer? = nil) throws {
    var loss: Loss?
    for event in events {
      do { try handle(event, from: sender) } catch let another as Loss {
        // What else there is to hear is heard first.
        loss = loss.map { $0.with(another) } ?? another
      }
    }
    if let loss { throw loss }
    // When all are heard: those that come together may all be of a plan that is over by then.
    try planIfDue()
  }

  private mutating func handle(_ event: Roster.Event, from sender: Peer?) throws {
    switch event {
    case .welcome(let id):
      let weights = settings.configuration.weights
      send(
        .welcome(
          Welcome(
            configuration: settings.configuration.json, weights: weights.choice.rawValue,
            blockWeights: weights.blocks.rawValue, measures: roster.measures)), to: id)
    case .replaced(let name, let stage):
      guard let stage else { return }
      throw Loss(
        error: .workerLost(
          name: name, blocks: blocks(stage), reason: "its connection was lost, and it has joined again"))
    case .joined(let id):
      guard let member = roster[id] else { return }
      exonerate(member)
      if !roster.measures { starting[member.name] = nil }
      emit(
        .notify(
          .joined(
            name: member.name, address: member.hello.address, folder: member.hello.folder, count: roster.joined.count,
            of: settings.expected)))
      if !roster.measures { newcomer() }
    case .measured(let id):
      if let name = roster[id]?.name { starting[name] = nil }
      newcomer()
    case .refused(let id, let name, let reason): refuse(id, name, reason)
    case .wanted(let id, let wanted):
      if let layers = roster[id]?.holding { emit(.readPieces(wanted, of: layers, for: id)) }
    case .ready: openIfReady()
    case .holds(let id):
      guard let member = roster[id], member.standing == .spare else { return }
      starts[member.name] = nil
      emit(.notify(.spare(name: member.name, layers: member.held)))
      newcomer()
    case .leaving(let id): try letGo(id)
    case .lost(let name, let stage, let reason):
      let error = ClusterError.workerLost(name: name, blocks: stage.flatMap(blocks), reason: reason)
      try part(from: name, stage, Loss(error: error, stage: stage), reason)
    case .failed(let name, let stage, let reason):
      let error = ClusterError.workerFailed(name: name, reason: reason)
      // It read the very files that others would, and none of them could do better.
      if settings.sharesFiles, stage != nil, !hasOpened { return end(error, reason: "\(error)") }
      try part(from: name, stage, Loss(error: error, stage: stage), reason)
    case .linkFailed(let name, let stage, let link, let failure):
      var loss = linkFailed(stage, link, name, failure.reason)
      loss.isUnanswered = failure.isUnanswered
      throw loss
    case .stalled(_, _, let stage, let time):
      // Until there is work, nothing can be held up.
      guard planned?.entrance != nil else { return }
      marks.insert(.stalled)
      // Those before it wait for room.
      throw loss(ofStage: lastHolding ?? stage, after: time)
    case .broken(let name, let stage, let reason):
      let error = ClusterError.workerBroken(name: name, reason: reason)
      // It is still there, and does not know.
      if let sender { send(.goodbye(Goodbye(reason: "\(error)")), to: sender.id) }
      try part(from: name, stage, Loss(error: error), reason)
    case .stranger(let id, let reason):
      // It may be a worker that was given up while it was stopped, or one of an earlier coordinator.
      marks.insert(.strangerTold)
      let goodbye = Goodbye(reason: "it does not know this worker, or has given it up", joinsAgain: true)
      if !settings.omitted.contains(.joiningAgain) { send(.goodbye(goodbye), to: id) }
      emit(.notify(.ignored(address: sender?.caller.host, reason: reason)))
    case .lastWord(let id, let epoch, let taken, let passed):
      guard autopsy?.epoch == epoch else { return }
      autopsy?.take(id, taken: taken, passed: passed)
      if autopsy?.isComplete == true { marks.insert(.autopsyLater) }
      concludeAutopsy()
    case .fenced:
      marks.insert(.controlFenced)
      statistics.fenced()
    }
  }

  /// Whether another is waited for in the place of a stage, though no loss is made good: nothing has begun, and somebody may come.
  private var isWaitingForOthers: Bool {
    settings.means.isEmpty && !settings.sharesFiles && planned?.entrance == nil
  }

  /// Goes on without a worker that is gone.
  private mutating func part(from name: String, _ stage: Int?, _ loss: Loss, _ reason: String) throws {
    guard stage == nil || isWaitingForOthers else { throw loss }
    if roster.isAssigned, stage == nil { marks.insert(.spareLost) }
    emit(.notify(.left(name: name, reason: reason, count: roster.joined.count, of: settings.expected)))
    turnAway("\(name): \(reason)")
    if stage != nil { return giveBackPlan() }
    // Nobody else comes for workers that were started with this process.
    guard settings.sharesFiles else { return }
    if startAnew(name) { return }
    starting[name] = nil
    // A spare is missed by nobody, nor is one that others were found for.
    if !roster.isAssigned, recovery == nil { throw loss.error }
  }

  /// A worker asks to go: its stage is another's when what is in the pipe has come back.
  private mutating func letGo(_ id: Roster.ID) throws {
    guard let member = roster[id] else { return }
    let reason = "it was asked to end"
    guard planned != nil, member.stage != nil else {
      emit(.notify(.left(name: member.name, reason: reason, count: roster.joined.count - 1, of: settings.expected)))
      marks.insert(.leftWithoutStage)
      send(.goodbye(Goodbye(reason: "")), to: id)
      roster.remove(id)
      return
    }
    if isWaitingForOthers {
      send(.goodbye(Goodbye(reason: "")), to: id)
      roster.remove(id)
      let error = ClusterError.workerLeft(name: member.name, blocks: member.stage.flatMap(blocks))
      return try part(from: member.name, member.stage, Loss(error: error), reason)
    }
    drainingSince = drainingSince ?? now
  }

  /// Somebody has joined while others serve: it is a spare.
  private mutating func newcomer() {
    guard planned?.isOpen == true else { return }
    marks.insert(.spareJoined)
    enlistSpares()
  }

  mutating func turnAway(_ reason: String) {
    if turnedAway.count < 16, !turnedAway.contains(reason) { turnedAway.append(reason) }
  }

  mutating func refuse(_ id: Roster.ID, _ name: String, _ reason: String) {
    send(.refusal(Refusal(reason: reason)), to: id)
    turnAway("\(name): \(reason)")
    emit(.notify(.refused(name: name, reason: reason)))
  }

  private mutating func ignore(_ peer: Peer, _ reason: String) {
    emit(.notify(.ignored(address: peer.caller.host, reason: reason)))
  }

  mutating func send(_ message: Message, to id: Roster.ID) { emit(.send(to: id, roster.header(for: id), message)) }

  mutating func send(_ answer: Answer) { emit(.send(to: answer.peer, answer.header, answer.message)) }
}

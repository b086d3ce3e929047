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
    guard let epoch = planned else { return }
    let arrival: PassReceiver.Arrival
    do {
      arrival = try epoch.incoming.receive(header, message, payload: payload?.byteCount, from: peer, now: now)
    } catch let error as any BreachOfLink { throw lastBroken(error) }
    switch arrival {
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
    if planned?.incoming.isSender(peer.id) == true { throw lastBroken(error) }
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
      throw lastBroken(WireError.wrongFrameCount(found: 4, expected: 3))
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
    // Spares are missed by nobody.
    if roster.isAssigned, member?.stage == nil { return }
    throw ClusterError.workerLost(name: name, blocks: member?.stage.flatMap(blocks), reason: reason)
  }
}

// MARK: - What the roster says

extension CoordinatorState {
  /// - Parameter sender: whose message it came from, if it did.
  mutating func handle(_ events: [Roster.Event], from sender: Peer? = nil) throws {
    for event in events { try handle(event, from: sender) }
    // When all are heard: those that come together may all be of a plan that is over by then.
    try planIfDue()
  }

  private mutating func handle(_ event: Roster.Event, from sender: Peer?) throws {
    switch event {
    case .welcome(let id):
      send(.welcome(Welcome(configuration: settings.configuration.json, measures: roster.measures)), to: id)
    case .joined(let id):
      guard let member = roster[id] else { return }
      emit(
        .notify(
          .joined(
            name: member.name, address: member.hello.address, folder: member.hello.folder, count: roster.joined.count,
            of: settings.workerCount)))
    case .measured: break
    case .refused(let id, let name, let reason): refuse(id, name, reason)
    case .wanted(let id, let wanted):
      if let layers = roster[id]?.holding { emit(.readPieces(wanted, of: layers, for: id)) }
    case .ready: openIfReady()
    case .lost(let name, let stage, let reason):
      try part(from: name, stage, .workerLost(name: name, blocks: stage.flatMap(blocks), reason: reason), reason)
    case .failed(let name, let stage, let reason):
      try part(from: name, stage, .workerFailed(name: name, reason: reason), reason)
    case .linkFailed(let name, let stage, let link, let reason):
      try part(from: name, stage, linkFailed(stage, link, name, reason), reason)
    case .stalled(let name, let stage, let time):
      // Until there is work, nothing can be held up.
      if planned?.entrance != nil { throw ClusterError.workerStalled(name: name, blocks: blocks(stage), after: time) }
    case .broken(let name, let stage, let reason):
      let error = ClusterError.workerBroken(name: name, reason: reason)
      // It is still there, and does not know.
      if let sender { send(.goodbye(Goodbye(reason: "\(error)")), to: sender.id) }
      try part(from: name, stage, error, reason)
    case .stranger(let id, let reason):
      // It may be a worker that was given up while it was stopped, or one of an earlier coordinator.
      send(.goodbye(Goodbye(reason: "it does not know this worker, or has given it up; start it again")), to: id)
      emit(.notify(.ignored(address: sender?.caller.host, reason: reason)))
    }
  }

  /// Goes on without a worker where that can be: before the pipe is open another may take its place.
  private mutating func part(from name: String, _ stage: Int?, _ error: ClusterError, _ reason: String) throws {
    let isSpare = roster.isAssigned && stage == nil
    // Nobody comes for workers that were started with this process.
    guard isSpare || planned?.entrance == nil && !settings.sharesFiles else { throw error }
    emit(.notify(.left(name: name, reason: reason, count: roster.joined.count, of: settings.workerCount)))
    if isSpare { return }
    turnAway("\(name): \(reason)")
    guard stage != nil, planned != nil else { return }
    roster.unassign()
    phase = .gathering
    // Nobody is to go on dialling a stage that is gone; blocks stay where they are for the next plan.
    for worker in roster.members { assign(worker.id, to: nil) }
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

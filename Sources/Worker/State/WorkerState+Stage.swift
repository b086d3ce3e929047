internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

// MARK: - Activations come

extension WorkerState {
  mutating func receive(_ header: Header, _ message: Message, _ payload: Int?, from peer: Peer) throws {
    guard let links else { return }
    let arrival: PassReceiver.Arrival
    do {
      arrival = try links.incoming.receive(header, message, payload: payload, from: peer, now: now)
    } catch let error as any BreachOfLink { throw WorkerError.link(.incoming, error) }
    switch arrival {
    case .stranger(let reason): ignore(peer, reason)
    case .nothing, .fenced: break
    case .opened(let answer): emit(.send(to: answer.peer, answer.header, answer.message))
    case .pass(let answer):
      if let answer { emit(.send(to: answer.peer, answer.header, answer.message)) }
      if case .pass(let pass) = message { try take(header, pass, links) }
    }
  }

  private mutating func take(_ header: Header, _ pass: Pass, _ links: StageLinks) throws {
    let rowLimit = links.assignment.rowLimit
    guard pass.width == links.width, pass.microBatch.rowCount <= rowLimit else {
      throw WorkerError.unfit(
        reason:
          "a pass of \(pass.microBatch.rowCount) rows of width \(pass.width); this stage takes up to \(rowLimit) of width \(links.width)"
      )
    }
    links.taken += 1
    links.work = .computing(header, pass, received: now)
    let stage = links.assignment.index
    switch pass.refill {
    case nil, stage: emit(.compute(pass))
    case stage + 1: emit(.recall(pass))
    // It is for others.
    default: computed(true, true)
    }
  }

  mutating func receiveUnreadable(_ error: WireError, from peer: Peer) throws {
    if links?.incoming.isSender(peer.id) == true { throw WorkerError.link(.incoming, error) }
    ignore(peer, "\(error)")
  }

  mutating func receiveMisshapen(_ reason: String, from peer: Peer) throws {
    if links?.incoming.isSender(peer.id) == true {
      throw WorkerError.link(.incoming, WireError.wrongFrameCount(found: 4, expected: 3))
    }
    ignore(peer, reason)
  }

  private mutating func ignore(_ peer: Peer, _ reason: String) {
    emit(.notify(.ignored(address: peer.caller.host, reason: reason)))
  }
}

// MARK: - Activations go

extension WorkerState {
  /// The pass that came last is computed: it goes on, or waits for room.
  mutating func computed(_ isFiniteReceived: Bool, _ isFiniteComputed: Bool) {
    guard let links, case .computing(let header, var pass, let received) = links.work else { return }
    let waited = max(.zero, received - links.idleSince)
    links.work = .none
    pass.records.append(
      StageRecord(
        received: received.nanoseconds, computed: now.nanoseconds, waited: UInt64(waited.nanoseconds),
        sent: UInt64(max(0, links.lastSent.nanoseconds)), isFiniteReceived: isFiniteReceived,
        isFiniteComputed: isFiniteComputed))
    if pass.microBatch.rowCount > 0 { links.computedCount += 1 }
    if links.outgoing.canSend { passOn(header, pass, links) } else { links.work = .waiting(header, pass) }
  }

  private mutating func passOn(_ header: Header, _ pass: Pass, _ links: StageLinks) {
    // Until it is handed on: then it is how long that took.
    links.idleSince = now
    let hasRows = pass.hasRows(into: links.assignment.index + 1)
    emit(.passOn(links.outgoing.header(sequence: header.sequence), pass, hasRows: hasRows))
  }

  mutating func passedOn() {
    guard let links else { return }
    links.lastSent = now - links.idleSince
    links.idleSince = now
  }

  mutating func receiveNext(_ header: Header, _ message: Message) throws {
    guard let links else { return }
    do throws(LinkError) {
      try links.outgoing.receive(header, message, now: now)
    } catch { throw WorkerError.link(.outgoing, error) }
    if links.outgoing.isOpen, case .member(let membership) = phase,
      case .linking(_, let ready) = membership.place
    {
      membership.place = .serving(links)
      tell(.ready(ready))
    }
    if case .waiting(let header, let pass) = links.work, links.outgoing.canSend {
      links.work = .none
      passOn(header, pass, links)
    }
  }
}

// MARK: - Links that are lost

extension WorkerState {
  mutating func disconnected(_ connection: ConnectionNumber) throws {
    do throws(LinkError) { try links?.incoming.disconnected(connection) } catch { lose(.incoming, error) }
  }

  /// A link was cut: the coordinator may know why, and say so in a moment.
  mutating func lose(_ side: LinkSide, _ error: LinkError) { cut = cut ?? (.link(side, error), now) }

  /// Sees whether both neighbours were heard, and the next stage has answered.
  mutating func lookAtLinks() throws {
    guard let links, case .member(let membership) = phase else { return }
    switch links.outgoing.step(now: now) {
    case .send(let header, let message): emit(.tellNext(header, message))
    case .dialAgain(let attempt):
      emit(.dialNextAgain(name: "\(linkName(membership.epoch)).\(attempt)"))
      let (header, message) = links.outgoing.ask(now: now)
      emit(.tellNext(header, message))
    case nil: break
    }
    if let time = links.incoming.silence(now: now) { emit(.askQuiet(.incoming, links.incoming.connection, time)) }
    if let time = links.outgoing.silence(now: now) { emit(.askQuiet(.outgoing, nil, time)) }
  }

  /// Nothing has come over a link for so long, not even a part of a message.
  mutating func silent(_ side: LinkSide, _ time: Duration) throws {
    guard let links, time > links.patience else { return }
    // A coordinator that was stopped, say with all of its machine, has not lost its links; its control link says when it is gone.
    let isCoordinator = side == .incoming ? links.isFirst : links.isLast
    if isCoordinator, control.steadiness(now: now) < links.patience { return }
    throw WorkerError.link(side, LinkError.silent(time))
  }
}

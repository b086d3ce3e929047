internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform

// MARK: - What the coordinator says

extension WorkerState {
  mutating func receive(_ header: Header, _ message: Message) throws {
    switch message {
    case .pulse: break
    case .goodbye(let goodbye): try leave(goodbye)
    case .refusal(let refusal):
      control.leave()
      throw WorkerError.refused(coordinator: settings.coordinator, reason: refusal.reason)
    case .welcome(let welcome): try join(welcome)
    case .assignment(let assignment): try take(assignment, header.epoch)
    case .piece(let piece):
      guard case .member(let membership) = phase, case .loading = membership.place else {
        if case .member(let membership) = phase, header.epoch.isBefore(membership.epoch) { return }
        throw WorkerError.unexpected(coordinator: settings.coordinator, message.kind)
      }
      // One of an assignment that is over.
      guard header.epoch == membership.epoch || settings.omitted.contains(.controlEpoch) else { return }
      emit(.accept(piece))
    default: throw WorkerError.unexpected(coordinator: settings.coordinator, message.kind)
    }
  }

  private mutating func leave(_ goodbye: Goodbye) throws {
    if goodbye.joinsAgain, leavingSince == nil {
      marks.insert(.joinsAgainWhenGivenUp)
      return joinAgain(goodbye.reason)
    }
    control.leave()
    emit(.setLastWords(.zero))
    guard goodbye.reason.isEmpty || leavingSince != nil else {
      throw WorkerError.ended(coordinator: settings.coordinator, reason: goodbye.reason)
    }
    if case .member(let membership) = phase, case .serving(let links) = membership.place {
      emit(.notify(.finished(microBatches: links.computedCount)))
    }
    phase = .left
    emit(.end(nil))
  }

  private mutating func join(_ welcome: Welcome) throws {
    guard case .dialing = phase else {
      throw WorkerError.unexpected(coordinator: settings.coordinator, .welcome)
    }
    emit(.notify(.joined(coordinator: settings.coordinator)))
    var configuration = try Configuration(json: welcome.configuration, file: "the coordinator's config.json")
    guard let weights = WeightTypes(choice: welcome.weights, blocks: welcome.blockWeights) else {
      throw WorkerError.unknownWeights(
        coordinator: settings.coordinator, "\(welcome.weights) (\(welcome.blockWeights))")
    }
    configuration.weights = weights
    phase = .member(Membership(configuration))
    control.welcome()
    // From here on there may be something to say before it ends.
    emit(.setLastWords(.seconds(1)))
    // Only who says more than hello counts.
    beat(isDue: true)
    if welcome.measures { emit(.measure(configuration)) }
  }

  private mutating func take(_ assignment: Assignment, _ epoch: Epoch) throws {
    guard case .member(let membership) = phase else {
      throw WorkerError.unexpected(coordinator: settings.coordinator, .assignment)
    }
    guard assignment.layers.isEmpty || assignment.weights == membership.configuration.weights.choice.rawValue else {
      throw WorkerError.unknownWeights(coordinator: settings.coordinator, assignment.weights)
    }
    // How far it came is known for good now.
    if links != nil { beat(isDue: true) }
    leavePlace()
    membership.epoch = epoch
    membership.place = .loading(assignment, since: now)
    if let stage = assignment.stage, !assignment.layers.isEmpty {
      emit(
        .notify(
          .assigned(
            stage: stage.index, of: stage.count, firstBlock: assignment.layers.lowerBound,
            lastBlock: assignment.layers.upperBound - 1)))
      // As much as may wait while this thread computes.
      emit(
        .allowWaiting(
          bytes: (stage.credits / 8 + 1) * stage.rowLimit * MemoryLayout<Float>.size * membership.configuration.width))
      emit(.letIn(key: stage.incoming.peerKey))
    } else {
      emit(.notify(.spare))
    }
    emit(.hold(assignment, membership.configuration))
  }

  /// The blocks are in memory: takes its place between its neighbours, if it has one.
  mutating func holds(_ bytesRead: Int, _ bytesReceived: Int, _ bytesCached: Int) throws {
    guard case .member(let membership) = phase, case .loading(let assignment, let since) = membership.place else {
      return
    }
    let time = now - since
    let ready = Ready(
      bytesRead: bytesRead, bytesReceived: bytesReceived, bytesCached: bytesCached,
      nanoseconds: UInt64(max(0, time.nanoseconds)))
    guard let stage = assignment.stage else {
      membership.place = .none
      if !assignment.layers.isEmpty { tell(.ready(ready)) }
      return
    }
    emit(.notify(.loaded(read: bytesRead, received: bytesReceived, cached: bytesCached, time: time)))
    emit(.serve(assignment, stage))
    let links = StageLinks(
      stage, width: membership.configuration.width, epoch: membership.epoch, omitting: settings.omitted, now: now)
    // Behind the last stage is the coordinator.
    emit(
      .dialNext(address: links.isLast ? nil : stage.next, key: stage.outgoing.peerKey, name: linkName(membership.epoch))
    )
    let (header, message) = links.outgoing.ask(now: now)
    emit(.tellNext(header, message))
    // From here on it hears what those who dial in say.
    emit(.hear(true))
    membership.place = .linking(links, ready)
  }

  /// By which the next stage tells this link apart.
  func linkName(_ epoch: Epoch) -> String {
    "\(control.routingName)/\(settings.omitted.contains(.dataEpoch) ? .none : epoch)"
  }
}

// MARK: - Time

extension WorkerState {
  mutating func tick() throws {
    if let cut, now - cut.since > Self.cutPatience { throw cut.error }
    if isCoordinatorLost {
      control.leave()
      emit(.setLastWords(.zero))
      throw WorkerError.coordinatorLost(settings.coordinator)
    }
    if let leavingSince, now - leavingSince > Self.leavePatience {
      marks.insert(.leftUnanswered)
      return end()
    }
    guard case .member = phase else { return try introduce() }
    if let links, links.outgoing.isUnreached(now: now), !settings.omitted.contains(.linkPatience) {
      marks.insert(.detachedUnreached)
      return detach(.outgoing, "cannot be reached at \(links.assignment.next)", isUnanswered: true)
    }
    if now >= control.nextBeat {
      try lookAtLinks()
      beat(isDue: true)
    }
    if control.silence(now: now) > Self.silencePatience {
      throw WorkerError.coordinatorSilent(settings.coordinator, Self.silencePatience)
    }
  }

  private mutating func introduce() throws {
    guard case .introducing(let introduction) = control.phase else { return }
    if control.silence(now: now) > settings.patience {
      throw WorkerError.noCoordinator(
        settings.coordinator, after: settings.patience, handshake: introduction.failure)
    }
    var control = control
    if let (name, header, message) = control.introduce(random: { nextIncarnation() }, now: now) {
      if let name { emit(.dialCoordinatorAgain(name: name)) }
      emit(.tell(header, message))
    }
    self.control = control
    if now >= self.control.nextBeat { _ = self.control.beat(taken: 0, passed: 0, now: now) }
  }

  /// Tells the coordinator, and both neighbours, that this thread works; when that is due.
  mutating func beat(isDue: Bool = false) {
    guard control.isWelcome, isDue || now >= control.nextBeat else { return }
    let links = links
    tell(control.beat(taken: links?.taken ?? 0, passed: links?.outgoing.passCount ?? 0, now: now))
    if let answer = links?.incoming.beat() { emit(.send(to: answer.peer, answer.header, answer.message)) }
    if let (header, message) = links?.outgoing.beat() { emit(.tellNext(header, message)) }
  }
}

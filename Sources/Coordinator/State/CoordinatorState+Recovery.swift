internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

// MARK: - A loss

extension CoordinatorState {
  /// Goes on without what is lost, or ends if that is wished: the plan is taken back, requests are rewound to their tokens, and
  /// another plan is made as soon as there are workers for it.
  mutating func recover(_ loss: Loss) {
    guard !settings.means.isEmpty else { return end(loss.error, reason: "\(loss.error)") }
    if case .workerLeft = loss.error {} else { statistics.lost() }
    fruitless += 1
    mark(loss)
    for id in loss.culprits { giveUp(id, loss.error) }
    if let link = breakLink(loss), let member = roster[link] {
      marks.insert(.linkGivenUp)
      shunned[member.hello.process] = now
      giveUp(link, loss.error)
    }
    for member in roster.members where member.isLeaving {
      marks.insert(.leftInRecovery)
      send(.goodbye(Goodbye(reason: "")), to: member.id)
      roster.remove(member.id)
    }
    var recovery = recovery ?? Recovery(since: now, cause: loss.error)
    (recovery.cause, recovery.isImprovement, recovery.told) = (loss.error, false, "")
    let lostNames = Set(lastStages.map(\.name)).subtracting(roster.members.map(\.name))
    self.recovery = recovery
    for name in lostNames.sorted() where starting[name] == nil { _ = startAnew(name) }
    takePlanBack(loss)
    guard fruitless <= Recovery.fruitlessLimit || now - max(lastReturn, recovery.since) < settings.patience else {
      return end(loss.error, reason: "\(loss.error); \(Recovery.fruitlessLimit) plans in a row came to nothing")
    }
    emit(.notify(.lost(what: loss.error.what, next: next)))
    interrupt("\(loss.error.what)", hasPlan: true)
    do { try planIfDue() } catch { end(error, reason: "\(error)") }
    guard case .gathering = phase else { return }
    tellPlanIsOver()
  }

  /// Goes back to gathering: the workers that are left wait for others.
  mutating func giveBackPlan() {
    takePlanBack(nil)
    tellPlanIsOver()
  }

  /// Nobody is to go on dialling a stage that is gone; blocks stay where they are for the next plan.
  private mutating func tellPlanIsOver() {
    for worker in roster.members where worker.hasReported {
      assign(worker.id, to: nil, keepsCache: caches?.stages.contains { $0.id == worker.id } ?? false)
    }
  }

  private mutating func mark(_ loss: Loss) {
    if recovery != nil { marks.insert(.lostAgain) }
    guard let epoch = planned else { return }
    if epoch.entrance == nil { marks.insert(.lostLoading) }
    if epoch.cut != nil { marks.insert(loss.stage == nil ? .cutAlone : .cutExplained) }
  }

  /// Has a worker of the session's own started anew, unless that came to nothing several times.
  ///
  /// - Returns: whether it is.
  mutating func startAnew(_ name: String) -> Bool {
    guard settings.restarts, settings.means.contains(.process),
      starts[name, default: 0] < Recovery.startLimit || settings.omitted.contains(.startLimit)
    else {
      if starts[name, default: 0] >= Recovery.startLimit { marks.insert(.startLimitReached) }
      return false
    }
    marks.insert(.startedAnew)
    starts[name, default: 0] += 1
    restarted[name, default: 0] += 1
    let now = now
    starting[name] = now
    emit(.restart(name: name))
    return true
  }

  /// Who was started anew and does not come in time is started again, while that is allowed.
  mutating func startAgain() {
    for name in starting.keys.sorted() where now - starting[name]! >= Recovery.startPatience {
      marks.insert(.startedAgain)
      if !startAnew(name) { starting[name] = nil }
    }
  }

  /// Makes another plan though nobody is lost: what was in the pipe has come back.
  mutating func replan(_ reason: String) {
    recovery = Recovery(since: now, cause: .stopped, isImprovement: true)
    takePlanBack(nil)
    emit(.notify(.replanning(reason: reason)))
    interrupt(reason, hasPlan: true)
    do { try planIfDue() } catch { end(error, reason: "\(error)") }
  }

  /// Nothing of the plan is left but what the workers hold.
  private mutating func takePlanBack(_ loss: Loss?) {
    if let epoch = planned {
      // Its last words come with the answers to the next assignment.
      if epoch.isOpen {
        let isWhole = !scheduler.isRefilling || settings.omitted.contains(.wholeCaches)
        caches = isWhole ? (lastStages, epoch.keptSlots) : nil
      }
      let flights = scheduler.suspend()
      if let stage = loss?.stage, let entrance = epoch.entrance, !flights.isEmpty {
        let count = entrance.link.passCount
        let stages = lastStages
        let (before, behind) = (
          stage > 0 ? stages[stage - 1].id : nil, stage + 1 < stages.count ? stages[stage + 1].id : nil
        )
        autopsy = Autopsy(
          process: stages[stage].process, epoch: roster.epoch, flights: flights, first: count - UInt64(flights.count),
          before: before, behind: behind,
          given: before.flatMap { roster[$0]?.passed } ?? count,
          handedOn: behind.flatMap { roster[$0]?.taken } ?? (count - UInt64(flights.count)))
        if autopsy?.isComplete == true { marks.insert(.autopsyAtOnce) }
        concludeAutopsy()
      }
      statistics.dropped()
      emit(.hangUpFirst)
    }
    (drainingSince, improving) = (nil, nil)
    phase = .gathering
    roster.unassign()
  }

  private mutating func giveUp(_ id: Roster.ID, _ error: ClusterError) {
    guard roster[id] != nil else { return }
    marks.insert(.givenUp)
    // Who breaks the rules would do so again.
    let joinsAgain = if case .workerBroken = error { false } else { true }
    send(.goodbye(Goodbye(reason: error.what, joinsAgain: joinsAgain)), to: id)
    roster.remove(id)
  }

  /// Whom to give up when a link between two workers fails again and again, or does not come about: the one behind it.
  private mutating func breakLink(_ loss: Loss) -> Roster.ID? {
    guard loss.link.count == 2 else { return nil }
    brokenLinks = brokenLinks.filter { now - $0.time < Self.linkMemory }
    let failed = brokenLinks.count { $0.link == loss.link }
    // Who reaches neither of two cannot reach anybody.
    let reachesNobody = brokenLinks.contains {
      $0.isUnanswered && loss.isUnanswered && $0.link[0] == loss.link[0] && $0.link[1] != loss.link[1]
    }
    brokenLinks.append((loss.link, loss.isUnanswered, now))
    guard failed >= Self.linkFailureLimit || loss.isUnanswered, !settings.omitted.contains(.brokenLink) else {
      return nil
    }
    return loss.link[1].isEmpty || (reachesNobody && !loss.link[0].isEmpty) ? loss.link[0] : loss.link[1]
  }

  /// The worker's neighbours have said how far they came: the request that is to blame, if there is one, fails by name.
  mutating func concludeAutopsy() {
    guard let done = autopsy, done.isComplete else { return }
    autopsy = nil
    if settings.omitted.contains(.suspicion) { return }
    verdicts = verdicts.suffix(15) + [(done.process, done.victims)]
    if let id = scheduler.died(with: done.victims, alone: done.isOfOne) { accused.append((id, now)) }
  }

  /// Who is accused fails by name, when the worker that died with it has had time to come again.
  mutating func convict() {
    let patience = settings.omitted.contains(.returning) ? .zero : Self.returnPatience
    while let (id, since) = accused.first, now - since > patience {
      accused.removeFirst()
      guard scheduler.convict(id) else { continue }
      marks.insert(.foundPoisonous)
      emit(.complete(id, ClusterError.poisonous))
    }
  }

  /// A worker that was taken for dead has joined again: no request is to blame.
  mutating func exonerate(_ member: Roster.Member) {
    guard member.hello.process != 0, !settings.omitted.contains(.acquittal) else { return }
    if autopsy?.process == member.hello.process { autopsy = nil }
    for verdict in verdicts where verdict.process == member.hello.process {
      scheduler.exonerate(verdict.requests)
      accused.removeAll { verdict.requests.contains($0.request) }
    }
    verdicts.removeAll { $0.process == member.hello.process }
  }
}

// MARK: - What is done about it

extension CoordinatorState {
  /// Makes the next plan by the first of the means that allows one; or waits, or gives up.
  mutating func planAgain(_ edges: EdgeCosts?) throws {
    guard let recovery else { return }
    var problem: PlanError?
    shunned = shunned.filter { now - $0.value < Self.linkMemory }
    if recovery.isImprovement, let (plan, workers) = betterPlan(edges) { return carryOut(plan, over: workers) }
    // Whose link alone was lost are all there.
    if missingStages.isEmpty, let (plan, workers) = fill(edges) {
      marks.insert(.sameWorkers)
      return carryOut(plan, over: workers)
    }
    for means in settings.means {
      switch means {
      case .spare:
        if let (plan, workers) = fill(edges) {
          marks.insert(.filledBySpare)
          return carryOut(plan, over: workers)
        }
      case .process:
        if let (plan, workers) = fill(edges) {
          marks.insert(.filledByNewcomer)
          return carryOut(plan, over: workers)
        }
        if !starting.isEmpty { return }
      case .split:
        do throws(PlanError) {
          let (plan, workers) = try share(edges)
          marks.insert(.dealtOutAnew)
          return carryOut(plan, over: workers)
        } catch {
          marks.insert(.planImpossible)
          problem = error
        }
      case .wait:
        if let (plan, workers) = fill(edges, isLast: true) {
          marks.insert(.waited)
          return carryOut(plan, over: workers)
        }
        guard now - recovery.since < settings.patience else { break }
        return wait(for: problem)
      }
    }
    throw recovery.cause
  }

  /// The stages of the last plan whose workers are gone, or are about to go.
  private var missingStages: [Int] {
    lastStages.indices.filter { index in !roster.candidates.contains { $0.id == lastStages[index].id } }
  }

  /// The last plan again, with others in the places of those who are gone; nil when there are too few, or they have too little
  /// memory.
  ///
  /// - Parameter isLast: whether nothing else is left to try, so that those count too with whom links did not come about.
  private func fill(_ edges: EdgeCosts?, isLast: Bool = false) -> (ClusterPlan, [Roster.Member])? {
    let candidates = roster.candidates
    var newcomers = candidates.filter { worker in
      !lastStages.contains { $0.id == worker.id } && (isLast || shunned[worker.hello.process] == nil)
    }
    var workers: [Roster.Member] = []
    for stage in lastStages {
      if let worker = candidates.first(where: { $0.id == stage.id }) {
        workers.append(worker)
      } else {
        // Who holds most of the blocks is soonest there.
        guard
          let best = newcomers.indices.max(by: { has(newcomers[$0], stage.layers) < has(newcomers[$1], stage.layers) })
        else { return nil }
        workers.append(newcomers.remove(at: best))
      }
    }
    guard !workers.isEmpty else { return nil }
    return (try? plan(over: workers, edges, split: lastStages.map(\.layers.count))).map { ($0, workers) }
  }

  private func has(_ worker: Roster.Member, _ layers: LayerRange) -> Int {
    worker.held.clamped(to: layers).count
  }

  /// The blocks dealt out anew among those who are there; those of the last plan keep their order, and with it many blocks.
  private func share(_ edges: EdgeCosts?) throws(PlanError) -> (ClusterPlan, [Roster.Member]) {
    let candidates = roster.candidates
    let old = lastStages.compactMap { stage in candidates.first { $0.id == stage.id } }
    let new = candidates.filter { worker in
      !old.contains { $0.id == worker.id } && (old.isEmpty || shunned[worker.hello.process] == nil)
    }
    .sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
    let workers = old + new
    let few = Array(workers.prefix(max(1, limit)))
    do throws(PlanError) { return (try plan(over: few, edges, split: nil), few) } catch {
      // Memory may be what is missing.
      if few.count == workers.count { throw error }
      return (try plan(over: workers, edges, split: nil), workers)
    }
  }

  private mutating func wait(for problem: PlanError?) {
    let reason =
      (problem.map { "\($0); " } ?? "") + "requests wait for another worker"
      + (settings.sharesFiles
        ? "" : ": gpt2 worker --coordinator \(Address.dialed(settings.listening))\(settings.workerFlags)")
    guard recovery?.told != reason else { return }
    recovery!.told = reason
    emit(.notify(.waiting(reason: reason)))
    interrupt(reason, hasPlan: false)
  }

  /// What is tried first, for people.
  private var next: String {
    let isComplete = missingStages.isEmpty
    if isComplete { return "its work begins anew with the same workers" }
    let spares = roster.candidates.count { worker in !lastStages.contains { $0.id == worker.id } }
    for means in settings.means {
      switch means {
      case .spare where spares >= missingStages.count: return "a spare takes its place"
      case .process where !starting.isEmpty: return "it is started anew"
      case .split where !roster.candidates.isEmpty:
        return "the others share its blocks" + (settings.wishes.split == nil ? "" : " (--split was for the first plan)")
      case .wait: return "requests wait for another worker"
      default: break
      }
    }
    return "nobody can take its place"
  }

  /// Work goes through again.
  mutating func recovered() {
    guard let recovery else { return }
    self.recovery = nil
    if recovery.isImprovement { return statistics.replanned() }
    marks.insert(.recovered)
    statistics.recovered(after: now - recovery.since, at: now)
    emit(.notify(.recovered(after: now - recovery.since)))
  }

  mutating func interrupt(_ reason: String, hasPlan: Bool) {
    statistics.interrupted(PipelineStatistics.Interruption(reason: reason, hasPlan: hasPlan))
  }
}

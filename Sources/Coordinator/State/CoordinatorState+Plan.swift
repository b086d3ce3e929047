internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

extension CoordinatorState {
  /// Deals the blocks out, once all expected workers are there and everything is known that a plan needs; or anew, after a loss.
  mutating func planIfDue() throws {
    guard case .gathering = phase, recovery != nil || roster.isComplete, catalog != nil else { return }
    switch (parts, roster.measures) {
    case (.measured(let edges), _): try plan(edges)
    case (_, false): try plan(nil)
    case (.loaded, true):
      // When the workers have measured: those of this machine would be in the way, and it in theirs.
      parts = .measuring
      emit(.measure)
    case (.loading, true), (.measuring, true): break
    }
  }

  private mutating func plan(_ edges: EdgeCosts?) throws {
    if recovery != nil { return try planAgain(edges) }
    // They come in any order. By their names each gets the same blocks every time, and finds them in its cache.
    let workers = roster.candidates.sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
      .prefix(settings.workerCount)
    do throws(PlanError) {
      carryOut(try plan(over: Array(workers), edges, split: settings.wishes.split), over: Array(workers))
    } catch { throw ClusterError.plan(error) }
  }

  /// How the blocks are dealt out to these workers, in this order.
  func plan(over workers: [Roster.Member], _ edges: EdgeCosts?, split: [Int]?) throws(PlanError) -> ClusterPlan {
    var wishes = settings.wishes
    wishes.split = split
    return try ClusterPlan(
      settings.configuration, over: workers.map { ClusterPlan.Candidate($0, curve: curve(of: $0)) },
      coordinator: ClusterPlan.Coordinator(
        host: settings.host, cores: settings.cores, threads: settings.threads, edges: edges), wishes,
      replayMemory: settings.means.isEmpty ? 0 : settings.replayMemory)
  }

  /// Slots of which workers can keep all that they hand on.
  private func slotsToKeep(_ plan: ClusterPlan) -> Int {
    let slot = settings.configuration.positionCount * settings.configuration.width * MemoryLayout<Float>.size
    return min(settings.wishes.slotCount, plan.reserved / slot)
  }

  /// What the stages of a plan have cached still, if that is of use: where all but one are what they were.
  private func keptCaches(_ plan: ClusterPlan) -> KeptCaches? {
    guard let caches, caches.stages.map(\.layers) == lastStages.map(\.layers), slotsToKeep(plan) >= caches.slots,
      scheduler.hasRoom(in: plan.positionBudget)
    else { return nil }
    let missing = lastStages.indices.filter { lastStages[$0].id != caches.stages[$0].id }
    guard missing.count <= 1 || settings.omitted.contains(.keptCaches) else { return nil }
    // The coordinator has all that goes into the first stage.
    let known = missing.first == 0 ? settings.wishes.slotCount : caches.slots
    return missing.isEmpty || known > 0 ? KeptCaches(missing: missing.first, slots: known) : nil
  }

  /// Tells everybody what the plan wants of them.
  mutating func carryOut(_ plan: ClusterPlan, over workers: [Roster.Member]) {
    let stages = plan.stages.map { workers[$0.candidate] }
    let before = lastStages
    lastStages = zip(stages, plan.stages).map {
      PlannedStage(id: $0.id, name: $0.name, process: $0.hello.process, layers: $1.layers)
    }
    emit(.notify(.paced(rows: plan.pacing.chunkRows, inFlight: plan.pacing.inFlightLimit)))
    roster.assign(zip(stages, plan.stages).map { ($0.id, $1.layers) }, now: now)
    let kept = keptCaches(plan)
    if kept == nil { caches = nil }
    // Who is not that stage any more drops its cache, also if this plan comes to nothing.
    if let missing = kept?.missing { caches!.stages[missing].id = [] }
    let holders = Set(caches?.stages.map(\.id) ?? [])
    // Who keeps rows goes on to keep those of the same slots.
    let keptSlots = (settings.omitted.contains(.keptSlots) ? nil : caches?.slots) ?? slotsToKeep(plan)
    let credits = min(plan.credits, settings.creditLimit)
    // Others may wait in line from now on.
    if let recovery {
      interrupt(recovery.reason, hasPlan: true)
      if recovery.isImprovement,
        before.map(\.id) != lastStages.map(\.id) || before.map(\.layers) != lastStages.map(\.layers)
      {
        marks.insert(.improved)
      }
    }
    slowness = slowness.filter { process, _ in roster.members.contains { $0.hello.process == process } }
    let patience = Roster.servingPatience + Self.linkSlack + Roster.grace(blockSeconds: plan.slowestBlock)
    // Each link's secret: one into every stage, and one out of the last.
    let secrets = (0...stages.count).map { _ in LinkTerms.makeSecret(using: &random) }
    let keys = [settings.key] + stages.map(\.caller.key) + [settings.key]
    func terms(_ link: Int, toward end: Int) -> LinkTerms {
      LinkTerms(secret: secrets[link], peerKey: settings.isRemote ? keys[end]?.bytes ?? [] : [])
    }
    let incoming = PassReceiver(
      epoch: roster.epoch, from: stages.count - 1, credits: credits,
      terms: terms(stages.count, toward: stages.count),
      patience: patience, omitting: settings.omitted)
    let descriptions = zip(stages, plan.stages).map { StageDescription($0, $1.layers) }
    phase = .planned(
      PlanEpoch(
        plan, descriptions, patience: patience, terms: terms(0, toward: 1), incoming: incoming,
        slowness: slowness, keptSlots: keptSlots, caches: kept))
    emit(.allowWaiting(bytes: plan.waitingBytes(width: settings.configuration.width)))
    emit(.notify(.planned(descriptions, spares: plan.spares.lines)))
    for (index, stage) in stages.enumerated() {
      assign(
        stage.id,
        to: StageAssignment(
          index: index, count: stages.count, slotCount: settings.wishes.slotCount, rowLimit: plan.rowLimit,
          credits: credits, keptSlots: index + 1 < stages.count ? keptSlots : 0,
          next: index + 1 < stages.count ? stages[index + 1].hello.address : settings.listening,
          incoming: terms(index, toward: index), outgoing: terms(index + 1, toward: index + 2),
          patience: UInt64(patience.nanoseconds)), keepsCache: holders.contains(stage.id))
    }
    for worker in roster.members where worker.standing == .spare { assign(worker.id, to: nil) }
  }

  /// Gives workers without a stage blocks to hold, for when one is lost: all of them, or the slice of a stage, as there is room.
  mutating func enlistSpares() {
    guard let epoch = planned, !settings.means.isEmpty else { return }
    let memory = StageMemory(settings.configuration, rowLimit: epoch.plan.rowLimit)
    let count = settings.configuration.layerCount
    let ids = roster.candidates.map(\.id) + roster.members.filter { $0.standing == .spare && !$0.isLeaving }.map(\.id)
    for (place, id) in ids.enumerated() {
      let room = memory.blocks(in: roster[id]!.hello.memory, limit: count)
      let slice = epoch.plan.stages[place % epoch.plan.stages.count].layers
      let layers = room >= count ? 0..<count : slice.lowerBound..<(slice.lowerBound + min(room, slice.count))
      guard roster[id]!.standing != .spare || roster[id]!.holding != layers else { continue }
      if roster[id]!.standing == .spare, roster[id]!.isAwaited {
        marks.insert(.spareLoads)
        continue
      }
      marks.insert(layers.count == count ? .spareHoldsAll : .spareHoldsSlice)
      roster.enlist(id, holding: layers)
      assign(id, to: nil)
    }
  }

  /// Tells a worker which blocks to hold, and which stage to be, if it is to be one.
  ///
  /// - Parameter keepsCache: whether what its stage has cached and kept is to stay.
  mutating func assign(_ id: Roster.ID, to stage: StageAssignment?, keepsCache: Bool = false) {
    guard let layers = roster[id]?.holding, let catalog else { return }
    let tensors = layers.flatMap { catalog[$0] }
    send(
      .assignment(
        layers.isEmpty && stage == nil
          ? .nothing
          : Assignment(
            layers: layers, weights: settings.configuration.weights.choice.rawValue, sharesFiles: settings.sharesFiles,
            tensors: tensors, stage: stage,
            keepsCache: keepsCache)), to: id)
  }

  /// The blocks of a stage, unless its plan was given up just now.
  func blocks(_ stage: Int) -> LayerRange? {
    guard let stages = planned?.plan.stages, stages.indices.contains(stage) else { return nil }
    return stages[stage].layers
  }

  /// Dials the first stage, once every stage is ready and the coordinator has its own parts.
  mutating func openIfReady() {
    guard let epoch = planned, epoch.entrance == nil, roster.isReady else { return }
    if case .loading = parts { return }
    let stages = roster.stages
    var link = PassSender(
      stage: -1, epoch: roster.epoch, terms: epoch.terms, patience: epoch.patience, now: now, omitting: settings.omitted
    )
    emit(.dialFirst(address: stages[0].hello.address, key: epoch.terms.peerKey, name: linkName))
    let (header, message) = link.ask(now: now)
    emit(.sendFirst(header, message))
    epoch.entrance = PlanEpoch.Entrance(link: link, dialed: now)
    epoch.stages = zip(stages, epoch.plan.stages).map { StageDescription($0, $1.layers) }
    statistics.begin(epoch.stages)
    let refused = scheduler.begin(
      slotCount: settings.wishes.slotCount, positionBudget: epoch.plan.positionBudget,
      chunk: Configuration.cacheChunk, pacing: epoch.plan.pacing, caches: epoch.caches)
    for (id, error) in refused { emit(.complete(id, error)) }
  }

  /// By which the first stage tells this link apart.
  var linkName: String { "coordinator#\(settings.omitted.contains(.dataEpoch) ? .none : roster.epoch)" }
}

extension ClusterPlan.Candidate {
  fileprivate init(_ worker: Roster.Member, curve: TimeCurve?) {
    self.init(
      name: worker.name, host: worker.hello.host, cores: worker.hello.cores, threads: worker.hello.threads,
      memory: worker.hello.memory, curve: curve)
  }
}

extension StageDescription {
  fileprivate init(_ worker: Roster.Member, _ layers: LayerRange) {
    self.init(
      name: worker.name, address: worker.hello.address, layers: layers, threads: worker.hello.threads,
      kernels: worker.hello.kernels, bytesRead: worker.ready?.bytesRead ?? 0,
      bytesReceived: worker.ready?.bytesReceived ?? 0, bytesCached: worker.ready?.bytesCached ?? 0)
  }
}

internal import GPT2
internal import Pipeline
internal import Platform

// A better plan than the present one, where nobody is lost: others have joined, or a stage has become slow.

extension CoordinatorState {
  /// How long a plan is kept at least, and by how much another has to be better.
  static let improvementInterval = Duration.seconds(5)
  private static let improvement = 1.2

  /// Has the pipe run empty for another plan, if the model of the pipe says that it pays.
  mutating func improveIfItPays() {
    guard let epoch = planned, epoch.isOpen, recovery == nil, drainingSince == nil, !settings.means.isEmpty,
      let opened = epoch.opened, now - opened > Self.improvementInterval,
      now - lastImprovement > Self.improvementInterval,
      case .measured(let edges) = parts
    else { return }
    lastImprovement = now
    noteSlowness(epoch)
    let spares = roster.members.count { $0.standing == .spare && !$0.isLeaving && !$0.isLoading }
    let isShort = epoch.stages.count < limit && spares > 0
    guard isShort || epoch.slow.contains(where: { slowness[$0] != nil }),
      let present = try? plan(over: members(of: lastStages), edges, split: lastStages.map(\.layers.count)),
      let (better, _) = betterPlan(edges), let (before, after) = zipped(rate(present), rate(better)),
      after > Self.improvement * before
    else { return }
    let percent = Int((100 * (after / before - 1)).rounded())
    improving = "another plan is \(percent) % faster by the model of the pipe"
    drainingSince = now
  }

  private func zipped(_ a: Double?, _ b: Double?) -> (Double, Double)? { a.flatMap { a in b.map { (a, $0) } } }

  /// Most stages: as many as were asked for, or more, when more have joined than that and than are to be spares.
  var limit: Int {
    let count = roster.joined.count - settings.spares
    return count > settings.workerCount ? count : settings.wishes.split?.count ?? settings.workerCount
  }

  private func members(of stages: [PlannedStage]) -> [Roster.Member] {
    stages.compactMap { stage in roster[stage.id] }
  }

  /// The blocks dealt out among all who are there, the slowest left out where there are more than stages.
  func betterPlan(_ edges: EdgeCosts?) -> (ClusterPlan, [Roster.Member])? {
    let old = members(of: lastStages).filter { !$0.isLeaving }
    let others = roster.members.filter { member in
      member.hasReported && !member.isLeaving && !member.isLoading && !old.contains { $0.id == member.id }
        && shunned[member.hello.process] == nil && (!roster.measures || !member.blockTimes.isEmpty)
    }
    .sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
    var workers = old + others
    while workers.count > limit {
      let times = workers.map { curve(of: $0)?.seconds(rows: 16) ?? 0 }
      guard let slowest = times.indices.max(by: { times[$0] < times[$1] }) else { break }
      workers.remove(at: slowest)
    }
    return (try? plan(over: workers, edges, split: nil)).map { ($0, workers) }
  }

  /// Tokens a second for the work there is, by the model of the pipe; nil where nobody measured.
  private func rate(_ plan: ClusterPlan) -> Double? {
    guard let pipe = plan.pipe else { return nil }
    let sequences = max(1, min(scheduler.running + scheduler.waiting, settings.wishes.slotCount, 64))
    let context = min(128, settings.configuration.positionCount / 2)
    let decode = PipeSimulation.run(
      .decode(
        sequences: sequences, groups: plan.pacing.groupCount(running: sequences), context: context,
        steps: min(6, settings.configuration.positionCount - context)),
      on: pipe, inFlight: plan.pacing.inFlightLimit)
    return decode.tokensPerSecond
  }

  /// Tells of stages that have become slow, and remembers it of their processes.
  private mutating func noteSlowness(_ epoch: PlanEpoch) {
    guard let factors = StagePace.factors(epoch.paces, now: now) else { return }
    for (stage, late) in zip(lastStages, factors) {
      // The plan was made with what was known before.
      let factor = min(late * (epoch.slowness[stage.process] ?? 1), StagePace.slowest)
      if factor < StagePace.slow {
        slowness[stage.process] = nil
        continue
      }
      slowness[stage.process] = factor
      guard epoch.slow.insert(stage.process).inserted else { continue }
      marks.insert(.slow)
      emit(.notify(.slow(name: stage.name, factor: factor)))
    }
  }

  /// What a block takes a worker, as far as it is known by now.
  func curve(of member: Roster.Member) -> TimeCurve? {
    let curve = TimeCurve(member.blockTimes)
    return slowness[member.hello.process].flatMap { curve?.scaled(speed: 1 / $0) } ?? curve
  }
}

internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform

/// How the blocks are dealt out to the workers that have joined, and how work is cut for the pipe they make.
struct ClusterPlan {
  /// The workers that serve and their blocks, in the order in which a token passes them.
  let stages: [(worker: Roster.Member, layers: LayerRange)]
  /// Workers without blocks and why, for people, a line a reason.
  let spares: [String]
  let pacing: Pacing
  /// Positions, of all sequences together, that every stage can cache.
  let positionBudget: Int

  /// Rows of the micro-batch that blocks are dealt out for: a group of sequences being written.
  private static let plannedRows = 16
  /// Most rows of a micro-batch that the engine makes.
  private static let rowLimit = 512

  /// - Parameters:
  ///   - edges: what the coordinator's own part takes it; nil when nobody measured.
  ///   - threads: what the coordinator computes with.
  /// - Throws: ``ClusterError/plan(_:)`` when the blocks cannot be dealt out.
  init(
    _ configuration: Configuration, over candidates: [Roster.Member], edges: EdgeCosts?, threads: Int,
    _ options: EngineOptions
  ) throws(ClusterError) {
    // They come in any order. By their names each gets the same blocks every time, and finds them in its cache.
    let workers = candidates.sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
    let members = Self.members(workers)
    let coordinator = CoordinatorLoad(
      host: Host.identity, cores: Host.cores, threads: threads,
      seconds: edges?.head.seconds(rows: Self.plannedRows) ?? 0)
    let memory = StageMemory(configuration, rowLimit: Self.rowLimit)
    let plan: StagePlan
    do throws(PlanError) {
      plan =
        if let split = options.split {
          try StagePlan(split: split, blockCount: configuration.layerCount, members: members, memory: memory)
        } else {
          try StagePlan(
            balancing: configuration.layerCount, over: members, coordinator: coordinator, memory: memory)
        }
    } catch { throw .plan(error) }
    stages = plan.stages.map { (worker: workers[$0.member], layers: $0.layers) }
    spares = plan.spares.lines
    positionBudget = max(1, plan.positionBudget(members: members, memory: memory))
    guard stages.count > 1, let edges else {
      pacing = Pacing(stageCount: stages.count, fixedRows: options.microBatchRows)
      return
    }
    let shape = BlockShape(width: configuration.width, matrixElements: configuration.matrixElementsPerBlock)
    // Here it counts who shares a host's cores.
    let placed = zip(workers, members).map { worker, member in
      var member = member
      member.host = worker.hello.host
      return member
    }
    let costs = workers.map { CostModel(curve: TimeCurve($0.blockTimes) ?? edges.head, shape: shape) }
    pacing = Pacing(
      for: PipeModel(plan, members: placed, costs: costs, coordinator: coordinator, edges: edges),
      rowLimit: Self.rowLimit, fixedRows: options.microBatchRows, sequenceLimit: options.slotCount)
  }

  /// The longest that a block took a worker when it measured, in seconds; 0 where nobody did.
  var slowestBlock: Double { stages.flatMap(\.worker.blockTimes).map(\.seconds).max() ?? 0 }

  /// Says what all stages together should take for so many rows, in seconds; nil where nobody measured.
  var predictor: (Int) -> Double? {
    let curves = stages.map { (count: Double($0.layers.count), curve: TimeCurve($0.worker.blockTimes)) }
    guard curves.allSatisfy({ $0.curve != nil }) else { return { _ in nil } }
    return { rows in curves.reduce(0) { $0 + $1.count * $1.curve!.seconds(rows: rows) } }
  }

  /// Micro-batches that may be under way on a link: several times what is ever in flight, so that nobody waits for credit and
  /// it comes, in quarters, once for many.
  var credits: Int { min(8 * pacing.inFlightLimit, WireLimits.credits.upperBound) }

  /// The workers as the balance sees them.
  private static func members(_ workers: [Roster.Member]) -> [Member] {
    workers.map { worker in
      // Alike workers of one host were measured side by side, and what differs between them is chance.
      let alike = workers.filter { $0.hello.host == worker.hello.host && $0.hello.threads == worker.hello.threads }
      let seconds = alike.compactMap { TimeCurve($0.blockTimes)?.seconds(rows: plannedRows) }.reduce(0, +)
      // Everybody who was asked for is to take part, so each counts as a host of its own.
      return Member(
        name: worker.name, host: worker.name, cores: worker.hello.cores, threads: worker.hello.threads,
        memory: worker.hello.memory, blockSeconds: seconds > 0 ? seconds / Double(alike.count) : 1)
    }
  }
}

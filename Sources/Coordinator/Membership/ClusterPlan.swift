public import GPT2
public import MicroBatching
public import Pipeline

/// How the blocks are dealt out to workers, and how work is cut for the pipe they make: what an engine does, and `gpt2 plan`
/// foretells.
///
/// A function of what it is given; it looks at no machine.
public struct ClusterPlan: Sendable {
  /// A worker that could be given blocks.
  public struct Candidate: Hashable, Sendable {
    public var name: String
    /// What identifies its machine.
    public var host: String
    public var cores: Int
    public var threads: Int
    /// Bytes it offers for weights and cache.
    public var memory: Int
    /// What one block takes it; nil where nobody measured.
    public var curve: TimeCurve?

    public init(name: String, host: String, cores: Int, threads: Int, memory: Int, curve: TimeCurve?) {
      (self.name, self.host, self.cores) = (name, host, cores)
      (self.threads, self.memory, self.curve) = (threads, memory, curve)
    }
  }

  /// The coordinator's own part.
  public struct Coordinator: Hashable, Sendable {
    public var host: String
    public var cores: Int
    public var threads: Int
    /// What it takes; nil where nobody measured.
    public var edges: EdgeCosts?

    public init(host: String, cores: Int, threads: Int, edges: EdgeCosts?) {
      (self.host, self.cores, self.threads, self.edges) = (host, cores, threads, edges)
    }
  }

  /// What people ask for.
  public struct Wishes: Hashable, Sendable {
    /// Blocks of each stage.
    public var split: [Int]?
    /// Rows of a micro-batch.
    public var microBatchRows: Int?
    /// Most sequences in the pipe at once.
    public var slotCount: Int
    /// Between processes of different hosts.
    public var network: PipeModel.Link

    public init(
      split: [Int]? = nil, microBatchRows: Int? = nil, slotCount: Int = 64, network: PipeModel.Link = .loopback
    ) {
      (self.split, self.microBatchRows, self.slotCount, self.network) = (split, microBatchRows, slotCount, network)
    }
  }

  /// A stage: which of the candidates, in the order they were given in, and its blocks.
  public struct Stage: Hashable, Sendable {
    public var candidate: Int
    public var layers: LayerRange
  }

  /// In the order in which a token passes them.
  public let stages: [Stage]
  public let spares: [StagePlan.Spare]
  public let pacing: Pacing
  /// The pipe as far as its speed goes; nil where nobody measured.
  public let pipe: PipeModel?
  /// Positions, of all sequences together, that every stage can cache.
  public let positionBudget: Int
  /// Most rows of a micro-batch, which is what memory is counted for.
  public let rowLimit: Int
  /// Bytes of each worker's memory that are set aside, for what it keeps of what it handed on.
  private(set) var reserved = 0
  private let curves: [TimeCurve?]

  /// Rows of the micro-batch that blocks are dealt out for: a group of sequences being written.
  private static let plannedRows = 16
  /// Most rows of a prompt's chunk, and most bytes of a micro-batch.
  private static let (chunkRows, byteLimit) = (512, 32 << 20)

  /// Bytes that a worker keeps at most of what it handed on, unless people say otherwise.
  public static let replayMemory = 256 << 20

  /// Deals the blocks out, and sets memory aside for what workers keep of what they handed on: `replayMemory` bytes each, but no
  /// more than an eighth of what the smallest offers, and nothing where there is no next stage or blocks need it.
  ///
  /// - Throws: ``PlanError`` when the blocks cannot be dealt out.
  public init(
    _ configuration: Configuration, over candidates: [Candidate], coordinator: Coordinator, _ wishes: Wishes,
    replayMemory: Int
  ) throws(PlanError) {
    let bytes = candidates.count < 2 ? 0 : min(replayMemory, (candidates.map(\.memory).min() ?? 0) / 8)
    let others = candidates.map { worker in
      var worker = worker
      worker.memory -= bytes
      return worker
    }
    do throws(PlanError) {
      try self.init(configuration, over: others, coordinator: coordinator, wishes)
      reserved = bytes
    } catch {
      if bytes == 0 { throw error }
      try self.init(configuration, over: candidates, coordinator: coordinator, wishes)
    }
  }

  /// - Throws: ``PlanError`` when the blocks cannot be dealt out.
  init(
    _ configuration: Configuration, over candidates: [Candidate], coordinator: Coordinator, _ wishes: Wishes
  ) throws(PlanError) {
    let workers = candidates
    let rows = max(Self.chunkRows, wishes.microBatchRows ?? 0, wishes.slotCount)
    rowLimit = max(1, min(rows, Self.byteLimit / (4 * configuration.width)))
    let members = Self.members(workers)
    let memory = StageMemory(configuration, rowLimit: rowLimit)
    let load = CoordinatorLoad(
      host: coordinator.host, cores: coordinator.cores, threads: coordinator.threads,
      seconds: coordinator.edges?.head.seconds(rows: Self.plannedRows) ?? 0)
    let plan =
      if let split = wishes.split {
        try StagePlan(split: split, blockCount: configuration.layerCount, members: members, memory: memory)
      } else {
        try StagePlan(balancing: configuration.layerCount, over: members, coordinator: load, memory: memory)
      }
    stages = plan.stages.map { Stage(candidate: $0.member, layers: $0.layers) }
    spares = plan.spares
    // No more than the slots can take.
    let chunk = Configuration.cacheChunk
    let most = wishes.slotCount * ((configuration.positionCount + chunk - 1) / chunk * chunk)
    positionBudget = max(1, min(most, plan.positionBudget(members: members, memory: memory)))
    curves = plan.stages.map { workers[$0.member].curve }
    guard let edges = coordinator.edges else {
      pipe = nil
      pacing = Pacing(stageCount: stages.count, rowLimit: rowLimit, fixedRows: wishes.microBatchRows)
      return
    }
    // Here it counts who shares a host's cores.
    let placed = zip(workers, members).map { worker, member in
      var member = member
      member.host = worker.host
      return member
    }
    let shape = BlockShape(configuration)
    let pipe = PipeModel(
      plan, members: placed, costs: workers.map { CostModel(curve: $0.curve ?? edges.head, shape: shape) },
      coordinator: load, edges: edges, network: wishes.network)
    self.pipe = pipe
    pacing =
      stages.count == 1
      ? Pacing(stageCount: 1, rowLimit: rowLimit, fixedRows: wishes.microBatchRows)
      : Pacing(for: pipe, rowLimit: rowLimit, fixedRows: wishes.microBatchRows, sequenceLimit: wishes.slotCount)
  }

  /// The longest that a block took one of the stages when it measured, in seconds; 0 where nobody did.
  public var slowestBlock: Double { curves.compactMap { $0?.longest }.max() ?? 0 }

  /// What all stages together should take for so many rows, in seconds; nil where nobody measured.
  func seconds(rows: Int) -> Double? {
    var sum = 0.0
    for (stage, curve) in zip(stages, curves) {
      guard let curve else { return nil }
      sum += Double(stage.layers.count) * curve.seconds(rows: rows)
    }
    return sum
  }

  /// What a stage should take for so many rows, in seconds; nil where it did not measure.
  func seconds(ofStage stage: Int, rows: Int) -> Double? {
    curves[stage].map { Double(stages[stage].layers.count) * $0.seconds(rows: rows) }
  }

  /// Micro-batches that may be under way on a link: several times what is ever in flight, so that nobody waits for credit and
  /// it comes, in quarters, once for many.
  var credits: Int { min(8 * pacing.inFlightLimit, WireLimits.credits.upperBound) }

  /// Bytes of micro-batches that may wait while a stage computes.
  func waitingBytes(width: Int) -> Int { (credits / 8 + 1) * rowLimit * 4 * width }

  /// Seconds that a block takes at least.
  private static let shortest = 1e-9

  /// The workers as the balance sees them.
  private static func members(_ workers: [Candidate]) -> [Member] {
    workers.map { worker in
      // Alike workers of one host were measured side by side, and what differs between them is chance.
      let alike = workers.filter { $0.host == worker.host && $0.threads == worker.threads }
      let seconds = alike.compactMap { $0.curve?.seconds(rows: plannedRows) }.reduce(0, +)
      // Everybody who was asked for is to take part, so each counts as a host of its own, which no host has the name of.
      return Member(
        name: worker.name, host: "worker \(worker.name)", cores: worker.cores, threads: worker.threads,
        memory: worker.memory,
        blockSeconds: seconds > 0 ? max(seconds / Double(alike.count), shortest) : 1)
    }
  }
}

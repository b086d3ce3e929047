/// A worker as a plan sees it: where it is, how fast it is, how much it can hold.
public struct Member: Hashable, Sendable {
  public var name: String
  /// What identifies its machine; members of one host share its cores.
  public var host: String
  /// Cores of the host.
  public var cores: Int
  /// Threads it computes with.
  public var threads: Int
  /// Bytes it offers for weights and cache.
  public var memory: Int
  /// Seconds that one block takes it alone, for a micro-batch of the rows that the plan is made for.
  public var blockSeconds: Double

  public init(name: String, host: String, cores: Int, threads: Int, memory: Int, blockSeconds: Double) {
    self.name = name
    self.host = host
    self.cores = cores
    self.threads = threads
    self.memory = memory
    self.blockSeconds = blockSeconds
  }
}

extension StagePlan {
  /// Positions, of all sequences together, that every stage of the plan can cache: the budget of admission.
  public func positionBudget(members: [Member], memory: StageMemory) -> Int {
    stages.map { memory.positions(in: members[$0.member].memory, blocks: $0.layers.count) }.min() ?? 0
  }
}

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

/// The coordinator's own work, which is one more station that a micro-batch passes.
public struct CoordinatorLoad: Hashable, Sendable {
  public var host: String
  /// Cores of the host.
  public var cores: Int
  /// Threads it computes with.
  public var threads: Int
  /// Seconds that its part of a micro-batch takes it alone: embedding, ln_f and head.
  public var seconds: Double

  public init(host: String, cores: Int, threads: Int, seconds: Double) {
    self.host = host
    self.cores = cores
    self.threads = threads
    self.seconds = seconds
  }
}

/// What a stage takes of its worker's memory, in bytes.
public struct StageMemory: Hashable, Sendable {
  /// Whatever the number of blocks: scratch, buffers, the program.
  public var fixed: Int
  /// Weights of one block.
  public var block: Int
  /// Keys and values of one position of one sequence in one block.
  public var position: Int
  /// Positions, of all sequences together, that a stage has to be able to cache.
  public var positionCount: Int

  public init(fixed: Int, block: Int, position: Int, positionCount: Int) {
    self.fixed = fixed
    self.block = block
    self.position = position
    self.positionCount = positionCount
  }

  /// Bytes that a stage of `blocks` blocks needs; `Int.max` for more than can be counted.
  public func needed(blocks: Int) -> Int {
    let (cache, cacheOverflow) = position.multipliedReportingOverflow(by: positionCount)
    let (each, eachOverflow) = block.addingReportingOverflow(cache)
    let (all, allOverflow) = each.multipliedReportingOverflow(by: blocks)
    let (sum, sumOverflow) = all.addingReportingOverflow(fixed)
    return cacheOverflow || eachOverflow || allOverflow || sumOverflow ? Int.max : sum
  }

  /// Most blocks, up to `limit`, that fit into `bytes`.
  public func blocks(in bytes: Int, limit: Int) -> Int {
    (1..<(limit + 1)).last { needed(blocks: $0) <= bytes } ?? 0
  }

  /// Positions, of all sequences together, that a stage of `blocks` blocks can cache in `bytes`; may be negative.
  public func positions(in bytes: Int, blocks: Int) -> Int {
    let left = bytes.subtractingReportingOverflow(fixed).partialValue - block * blocks
    return left / max(1, position * blocks)
  }
}

extension StagePlan {
  /// Positions, of all sequences together, that every stage of the plan can cache: the budget of admission.
  public func positionBudget(members: [Member], memory: StageMemory) -> Int {
    stages.map { memory.positions(in: members[$0.member].memory, blocks: $0.layers.count) }.min() ?? 0
  }
}

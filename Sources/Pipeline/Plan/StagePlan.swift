public import MicroBatching

/// Who runs which blocks: every block of the stack exactly once, in order.
///
/// Workers keep the order that they are given in. All blocks have the same shape, so order costs neither time nor memory;
/// only a split given by hand can demand another one, when a part does not fit the worker whose turn it is.
public struct StagePlan: Hashable, Sendable {
  /// One stage: a worker and its blocks.
  public struct Stage: Hashable, Sendable {
    /// Index into the members the plan was made for.
    public let member: Int
    /// At least one block.
    public let layers: LayerRange
  }

  /// A worker that serves no stage, and why.
  public struct Spare: Hashable, Sendable {
    public enum Reason: Hashable, Sendable {
      /// The others hold all blocks already, and one more stage would make none of them faster.
      case notNeeded
      /// One block would take it longer than any stage of the plan takes.
      case tooSlow
      /// One block needs more memory, in bytes.
      case tooSmall(memory: Int, needed: Int)
    }

    /// Index into the members the plan was made for.
    public let member: Int
    public let name: String
    public let reason: Reason
  }

  /// Stages in the order in which a token passes them.
  public let stages: [Stage]
  /// In the order of the members.
  public let spares: [Spare]

  /// Number of blocks of the whole stack.
  public var blockCount: Int { stages.last?.layers.upperBound ?? 0 }

  /// Gives members, in the given order, so many blocks each; those that get none are spares.
  init(counts: [(member: Int, blocks: Int)], spares: [Spare]) {
    var next = 0
    stages = counts.filter { $0.blocks > 0 }.map { member, blocks in
      defer { next += blocks }
      return Stage(member: member, layers: next..<(next + blocks))
    }
    self.spares = spares
  }
}

internal import Pipeline

/// A worker of the cluster, as others may know of it: without its addresses.
public struct MemberDescription: Hashable, Sendable {
  public enum Role: Hashable, Sendable {
    /// It has said hello, and measures or waits for a plan.
    case joining
    /// It has no stage, and may hold blocks for when one is lost.
    case spare
    /// Counted from 0.
    case stage(Int)
    /// It has asked to go.
    case leaving
  }

  public var name: String
  public var role: Role
  /// The blocks that it was told to hold.
  public var layers: Range<Int>
  /// Whether they are in its memory.
  public var isReady: Bool
  public var threads: Int
  public var kernels: String
  /// Bytes that it offers for weights and cache.
  public var memory: Int
}

extension MemberDescription {
  init(_ member: Roster.Member) {
    let role: Role
    switch member.standing {
    case _ where member.isLeaving: role = .leaving
    case .welcomed, .measured: role = .joining
    case .assigned(let stage), .ready(let stage): role = .stage(stage)
    case .spare: role = .spare
    }
    self.init(
      name: member.name, role: role, layers: member.holding, isReady: !member.holding.isEmpty && !member.isLoading,
      threads: member.hello.threads,
      kernels: member.hello.kernels, memory: member.hello.memory)
  }
}

internal import Coordinator

/// The answer to `GET /v1/cluster`: who is there, without addresses.
struct ClusterResponse: Encodable {
  struct Member: Encodable {
    /// Counted from 1; none of a spare.
    var stage: Int?
    var name: String
    /// None of a spare that holds nothing yet.
    var firstBlock: Int?
    var lastBlock: Int?
    var threads: Int
    var kernels: String
    /// Whether its blocks are in its memory.
    var ready: Bool

    enum CodingKeys: String, CodingKey {
      case stage, name, threads, kernels, ready
      case firstBlock = "first_block"
      case lastBlock = "last_block"
    }
  }

  let object = "cluster"
  var state: String
  var reason: String
  /// How all members hold the model's matrices.
  var weights: String
  var epoch: Int
  var losses: Int
  var recoveries: Int
  /// In the order in which a token passes them.
  var stages: [Member]
  var spares: [Member]
  var joining: [String]
  var leaving: [String]
}

extension ClusterResponse {
  init(state: ServerState, weights: String, _ statistics: PipelineStatistics) {
    let members = statistics.members
    self.init(
      state: state.name, reason: state.reason, weights: weights, epoch: statistics.epoch, losses: statistics.losses,
      recoveries: statistics.recoveries,
      stages: members.filter { $0.stage != nil }.map(Member.init).sorted { $0.stage! < $1.stage! },
      spares: members.filter { $0.role == .spare }.map(Member.init),
      joining: members.filter { $0.role == .joining }.map(\.name),
      leaving: members.filter { $0.role == .leaving }.map(\.name))
  }
}

extension ClusterResponse.Member {
  init(_ member: MemberDescription) {
    self.init(
      stage: member.stage.map { $0 + 1 }, name: member.name, firstBlock: member.layers.first,
      lastBlock: member.layers.last, threads: member.threads, kernels: member.kernels, ready: member.isReady)
  }
}

extension MemberDescription {
  fileprivate var stage: Int? { if case .stage(let index) = role { index } else { nil } }
}

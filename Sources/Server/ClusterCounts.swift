internal import Coordinator
internal import FoundationEssentials
internal import GPT2
internal import Hummingbird
internal import HummingbirdCore
internal import LibC
internal import Logging
internal import NIOCore
internal import Platform

/// Counts what happened around the cluster.
struct ClusterCounts: Sendable {
  /// Messages that were dropped since they were nobody's of this cluster.
  var ignored = 0
  /// How often each worker joined.
  var joins: [String: Int] = [:]

  mutating func count(_ notice: EngineNotice) {
    switch notice {
    case .ignored: ignored += 1
    case .joined(let name, _, _, _, _): if joins.count < 1024 || joins[name] != nil { joins[name, default: 0] += 1 }
    default: break
    }
  }
}

public import Pipeline
internal import ZeroMQ

/// Why a cluster did not come to be, or ended.
public enum ClusterError: Error, Hashable, Sendable {
  /// `listening` is where others may dial in; nil when the workers were started with the coordinator.
  case tooFewWorkers(joined: [String], expected: Int, after: Duration, listening: String?, turnedAway: [String])
  /// A worker left or was lost before or while work was done.
  case workerLost(name: String, blocks: Range<Int>?, reason: String)
  /// A worker said that it cannot go on.
  case workerFailed(name: String, reason: String)
  /// A worker sent what it must not.
  case workerBroken(name: String, reason: String)
  case plan(PlanError)
  /// The first stage did not answer.
  case unreachable(name: String, address: String, after: Duration)
  /// The engine was stopped while the request was under way.
  case stopped
}

extension ClusterError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooFewWorkers(let joined, let expected, let time, let listening, let turnedAway):
      "\(joined.count) of \(expected) workers joined within \(time.inSeconds)"
        + (joined.isEmpty ? "" : " (\(joined.joined(separator: ", ")))")
        + (turnedAway.isEmpty ? "" : "; turned away: \(turnedAway.joined(separator: "; "))")
        + (listening.map { "; start the others with: gpt2 worker --coordinator \(Address.dialed($0))" }
          ?? "; the others were started and do not answer: try again, or give them more time with --wait")
    case .workerLost(let name, let blocks, let reason):
      "worker \(name)\(blocks.map { " (blocks \($0.lowerBound) to \($0.upperBound - 1))" } ?? "") was lost: \(reason); start it and the run again"
    case .workerFailed(let name, let reason): "worker \(name) failed: \(reason)"
    case .workerBroken(let name, let reason):
      "worker \(name) broke the protocol: \(reason); run the same gpt2 on every host"
    case .plan(let error): "\(error)"
    case .unreachable(let name, let address, let time):
      "worker \(name) cannot be reached at \(address) within \(time.inSeconds); check its --listen and --advertise and its firewall"
    case .stopped: "the run was stopped"
    }
  }
}

extension Duration {
  /// `5 s`, `0.2 s`.
  var inSeconds: String {
    let tenths = Int((self / .milliseconds(100)).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
}

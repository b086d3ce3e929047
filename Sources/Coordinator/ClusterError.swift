public import Pipeline
internal import Platform

/// Why a cluster did not come to be, or ended.
public enum ClusterError: Error, Hashable, Sendable {
  /// `command` starts others; nil when the workers were started with the coordinator.
  case tooFewWorkers(joined: [String], expected: Int, after: Duration, command: String?, turnedAway: [String])
  /// A worker left or was lost before or while work was done.
  case workerLost(name: String, blocks: Range<Int>?, reason: String)
  /// A worker was asked to end, and nobody has its place.
  case workerLeft(name: String, blocks: Range<Int>?)
  /// A worker said that it cannot go on.
  case workerFailed(name: String, reason: String)
  /// A worker sent what it must not.
  case workerBroken(name: String, reason: String)
  /// The data link between two stages does not work any more; the coordinator is at both ends of the pipe.
  case linkLost(from: String, to: String, reason: String)
  /// A worker lives, and has done nothing with a micro-batch for so long.
  case workerStalled(name: String, blocks: Range<Int>?, after: Duration)
  /// A worker made values that are no numbers, or infinite, from finite ones, for the token at `position`.
  case notFinite(name: String, blocks: Range<Int>, position: Int)
  /// Two workers died with rows of the request in hand, which were alone in their micro-batch the second time.
  case poisonous
  case plan(PlanError)
  /// The first stage did not answer.
  case unreachable(name: String, address: String, after: Duration)
  /// The engine was stopped while the request was under way.
  case stopped
}

extension ClusterError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .workerLost, .workerLeft: "\(what); start it and the run again"
    case .linkLost: "\(what); check the network between the two, and start the run again"
    case .workerStalled: "\(what); end it, and start it and the run again"
    default: what
    }
  }

  /// What has happened, without what to do about it.
  var what: String {
    switch self {
    case .tooFewWorkers(let joined, let expected, let time, let command, let turnedAway):
      "\(joined.count) of \(expected) workers joined within \(time.inSeconds)"
        + (joined.isEmpty ? "" : " (\(joined.joined(separator: ", ")))")
        + (turnedAway.isEmpty ? "" : "; turned away: \(turnedAway.joined(separator: "; "))")
        + (command.map { "; start the others with: \($0)" }
          ?? "; the others were started and do not answer: try again, or give them more time with --wait")
    case .workerLost(let name, let blocks, let reason):
      "worker \(name)\(Self.text(blocks)) was lost: \(reason)"
    case .workerLeft(let name, let blocks): "worker \(name)\(Self.text(blocks)) was asked to end"
    case .workerFailed(let name, let reason): "worker \(name) failed: \(reason)"
    case .workerBroken(let name, let reason):
      "worker \(name) broke the protocol: \(reason)"
        + (reason.contains("run the same gpt2") ? "" : "; run the same gpt2 on every host")
    case .linkLost(let sender, let receiver, let reason):
      "the link from \(sender) to \(receiver) was lost: \(reason)"
    case .workerStalled(let name, let blocks, let time):
      "worker \(name)\(Self.text(blocks)) is alive and has handed nothing on for \(time.inSeconds)"
    case .notFinite(let name, let blocks, let position):
      "worker \(name)\(Self.text(blocks)) made values that are not finite from finite ones, for position \(position): the weights of these blocks are too large to compute with, or its machine is faulty, or it was tampered with"
    case .poisonous:
      "two workers died while they computed this request, the second one while it computed nothing else; others are served on"
    case .plan(let error):
      "\(error)" + (error.isOfMemory ? "; a smaller type of --weights needs less, and gpt2 plan says how much" : "")
    case .unreachable(let name, let address, let time):
      "worker \(name) cannot be reached at \(address) within \(time.inSeconds); check its --listen and --advertise and its firewall"
    case .stopped: "the run was stopped"
    }
  }

  private static func text(_ blocks: Range<Int>?) -> String {
    blocks.map { " (blocks \($0.lowerBound) to \($0.upperBound - 1))" } ?? ""
  }
}

internal import MicroBatching
internal import Pipeline
internal import Platform

/// A stage of a plan between its two links: what it has taken, what it computes, and what the next one has no room for yet.
///
/// A class only so that a pass does not copy it: it belongs to one ``WorkerState``.
final class StageLinks {
  let assignment: StageAssignment
  /// Values in a row of activations.
  let width: Int
  /// How long either link may be silent.
  let patience: Duration
  /// Whether the coordinator is at the other end of the incoming link, and of the outgoing one.
  let isFirst: Bool
  let isLast: Bool
  var incoming: PassReceiver
  var outgoing: PassSender
  /// Micro-batches that have come.
  var taken: UInt64 = 0
  /// Those with rows that were computed.
  var computedCount = 0
  var work = Work.none
  /// Since when it has nothing to do, and how long the last pass took to be handed on.
  var idleSince: Instant
  var lastSent = Duration.zero

  enum Work {
    case none
    case computing(Header, Pass, received: Instant)
    /// The next stage has no room.
    case waiting(Header, Pass)
  }

  init(_ assignment: StageAssignment, width: Int, epoch: Epoch, omitting omitted: Protections, now: Instant) {
    (self.assignment, self.width) = (assignment, width)
    patience = .nanoseconds(Int64(assignment.patience))
    (isFirst, isLast) = (assignment.index == 0, assignment.index == assignment.count - 1)
    incoming = PassReceiver(
      epoch: epoch, from: assignment.index - 1, credits: assignment.credits, terms: assignment.incoming,
      patience: patience, omitting: omitted)
    outgoing = PassSender(
      stage: assignment.index, epoch: epoch, terms: assignment.outgoing, patience: patience, now: now,
      omitting: omitted)
    idleSince = now
  }
}

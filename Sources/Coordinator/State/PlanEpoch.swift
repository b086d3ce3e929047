internal import MicroBatching
internal import Pipeline
internal import Platform

/// What dies with a plan: its links, its stages, and what is in flight.
///
/// A class only so that a pass does not copy it: it belongs to one ``CoordinatorState``.
final class PlanEpoch {
  let plan: ClusterPlan
  /// In the order in which a token passes them.
  var stages: [StageDescription]
  /// How long a data link may be silent.
  let patience: Duration
  /// Of the link into the first stage.
  let terms: LinkTerms
  /// Where the last stage's activations arrive.
  var incoming: PassReceiver
  /// Slots of which stages keep what they hand on.
  let keptSlots: Int
  /// What the stages have cached of the plan before; nil where nothing is.
  let caches: KeptCaches?
  /// Where micro-batches go in; from when every stage is ready.
  var entrance: Entrance?
  var deadline = PassDeadline()
  /// Micro-batches in flight whose embeddings were not finite.
  var broken: Set<UInt64> = []
  /// The one that is being finished.
  var finishing: Finishing?
  /// A data link of the coordinator's own that was cut, and since when: that a worker is gone would tell more.
  var cut: (loss: Loss, since: Instant)?
  /// How far the stages were when it was last said: those that are ready, and bytes of weights sent.
  var told = (ready: 0, bytesSent: 0)

  /// Since when work goes through.
  var opened: Instant?
  /// How quick each stage is, and processes that people were told are slow.
  var paces: [StagePace]
  var slow: Set<UInt64> = []
  /// How slow processes were known to be when the plan was made.
  let slowness: [UInt64: Double]

  struct Entrance {
    var link: PassSender
    let dialed: Instant
  }

  struct Finishing {
    let sequence: UInt64
    let pass: Pass
    let arrivals: [Arrival]
    /// The stage that made values that are not finite, if one did.
    let culprit: StageDescription?
    let start: Instant
  }

  init(
    _ plan: ClusterPlan, _ stages: [StageDescription], patience: Duration, terms: LinkTerms, incoming: PassReceiver,
    slowness: [UInt64: Double], keptSlots: Int, caches: KeptCaches?
  ) {
    (self.keptSlots, self.caches) = (keptSlots, caches)
    (self.plan, self.stages, self.patience) = (plan, stages, patience)
    (self.terms, self.incoming) = (terms, incoming)
    self.slowness = slowness
    paces = Array(repeating: StagePace(), count: stages.count)
  }

  /// Whether work goes through.
  var isOpen: Bool { entrance?.link.isOpen ?? false }
}

/// What the stages and the coordinator have done so far.
public struct PipelineStatistics: Sendable {
  /// Where the time of one station went.
  public struct Station: Hashable, Sendable {
    public var name: String
    /// None at the coordinator.
    public var layers: Range<Int>
    public var microBatches = 0
    public var rows = 0
    /// Computing.
    public var compute = Duration.zero
    /// With nothing to do, while there was work somewhere.
    public var wait = Duration.zero
    /// Handing results on.
    public var send = Duration.zero
    /// Activations that went out.
    public var bytesSent = 0

    func since(_ earlier: Station) -> Station {
      var difference = self
      difference.microBatches -= earlier.microBatches
      difference.rows -= earlier.rows
      difference.compute -= earlier.compute
      difference.wait -= earlier.wait
      difference.send -= earlier.send
      difference.bytesSent -= earlier.bytesSent
      return difference
    }

    /// Share of `elapsed` that it computed.
    public func busyShare(of elapsed: Duration) -> Double {
      elapsed > .zero ? min(1, compute / elapsed) : 0
    }
  }

  /// In the order in which a token passes them.
  public var stages: [Station] = []
  public var coordinator = Station(name: "coordinator", layers: 0..<0)
  /// Time in which at least one micro-batch was in flight.
  public var elapsed = Duration.zero
  public var tokensGenerated = 0
  public var microBatchesInFlight = 0
  /// Micro-batches that came back, also those that only gave slots back or probed the pipe, which nothing else here counts.
  public var crossings = 0
  /// Requests that were admitted and have not ended.
  public var requestsRunning = 0
  /// Requests that wait for a slot or for room in the caches.
  public var requestsWaiting = 0
  public var slotsUsed = 0
  /// Sequences that every stage's cache has room for; 0 before the pipe is there.
  public var slotCount = 0
  /// Positions of the caches that are set aside for running requests, filled or not yet.
  public var positionsUsed = 0
  /// Positions that every stage has memory for, over all slots; 0 before the pipe is there.
  public var positionBudget = 0

  /// Workers and links that were lost while there was a plan, or before all was ready.
  public var losses = 0
  /// Times that work went on after losses, and after workers that left.
  public var recoveries = 0
  /// From noticing a loss to work going on, of all recoveries together.
  public var recoveryTime = Duration.zero
  /// Rows that were read again, since what was computed from them was lost.
  public var rowsReplayed = 0
  /// Messages of earlier plans that came late and were dropped.
  public var fencedMessages = 0
  /// Counts plans, and each time that one is taken back.
  public var epoch = 0
  /// Why no work goes through just now, though it did before; nil while it does.
  public var interruption: Interruption?
  /// Everybody who is of the cluster.
  public var members: [MemberDescription] = []

  /// A time in which requests wait for a plan.
  public struct Interruption: Hashable, Sendable {
    /// What was lost, and what is done about it.
    public var reason: String
    /// Whether a plan is being made or carried out; otherwise one more worker is needed, and is waited for.
    public var hasPlan: Bool
  }

  /// What was done since an earlier look at the same pipe.
  public func since(_ earlier: PipelineStatistics) -> PipelineStatistics {
    var difference = self
    difference.stages = zip(stages, earlier.stages).map { $0.since($1) }
    difference.coordinator = coordinator.since(earlier.coordinator)
    difference.elapsed -= earlier.elapsed
    difference.tokensGenerated -= earlier.tokensGenerated
    return difference
  }

  /// Share of the stages' time that they had nothing to compute, from 0 to 1.
  public var idleShare: Double {
    guard !stages.isEmpty, elapsed > .zero else { return 0 }
    return 1 - stages.reduce(0) { $0 + $1.busyShare(of: elapsed) } / Double(stages.count)
  }

  /// What of that cannot be avoided when M equal micro-batches fill and drain P equal stages once: (P − 1) / (M + P − 1)
  /// (Huang et al. 2019, GPipe).
  public var gpipeIdleShare: Double {
    let (count, passes) = (stages.count, stages.first?.microBatches ?? 0)
    return count + passes > 1 ? Double(count - 1) / Double(passes + count - 1) : 0
  }
}

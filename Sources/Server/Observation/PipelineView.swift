internal import Coordinator
internal import GPT2
internal import Platform
internal import Synchronization

/// The pipeline as the page and `/metrics` see it: totals, and what went on in the last two seconds.
final class PipelineView: Sendable {
  private let engine: Engine
  private let metrics: ServerMetrics
  private let looks = Mutex<[Look]>([])

  /// How far back "just now" reaches.
  private static let window = Duration.seconds(2)
  private static let timelineSeconds = 5.0
  private static let timelineCount = 2000

  private struct Look {
    var time: Instant
    var statistics: PipelineStatistics
    var tokensRead: Int
    var tokensWritten: Int
  }

  init(_ engine: Engine, _ metrics: ServerMetrics) {
    (self.engine, self.metrics) = (engine, metrics)
  }

  var statistics: PipelineStatistics { engine.statistics }
  var positionCount: Int { engine.configuration.positionCount }
  var weights: String { engine.configuration.weights.name }

  /// What was done lately, by how long that is.
  struct Recent {
    var seconds: Double
    var statistics: PipelineStatistics
    var tokensRead: Int
    var tokensWritten: Int
  }

  /// Remembers how things stand; asked a few times a second.
  func look() {
    let now = current()
    looks.withLock { looks in
      looks.append(now)
      // One look older than the window is what the others are compared with.
      while looks.count > 1, looks[1].time < now.time - Self.window { looks.removeFirst() }
    }
  }

  private func current() -> Look {
    let tokens = metrics.tokens
    return Look(
      time: .now, statistics: engine.statistics, tokensRead: tokens.read, tokensWritten: tokens.written)
  }

  /// Since about two seconds ago.
  func recent() -> Recent {
    let now = current()
    guard let then = looks.withLock({ $0.first }) else {
      return Recent(seconds: 1, statistics: now.statistics.since(now.statistics), tokensRead: 0, tokensWritten: 0)
    }
    // Another plan's stages count from 0.
    let isSamePlan =
      now.statistics.stages.count == then.statistics.stages.count
      && zip(now.statistics.stages, then.statistics.stages).allSatisfy {
        $0.name == $1.name && $0.layers == $1.layers && $0.microBatches >= $1.microBatches
      }
    return Recent(
      seconds: max(1e-3, (now.time - then.time) / .seconds(1)),
      statistics: now.statistics.since(isSamePlan ? then.statistics : now.statistics),
      tokensRead: now.tokensRead - then.tokensRead, tokensWritten: now.tokensWritten - then.tokensWritten)
  }

  /// How many micro-batches wait at each stage, on average over the last seconds: by Little's law, the time they waited in
  /// the time that passed.
  func queueDepths() -> [Double] {
    let timeline = engine.timeline
    let begin = Instant.now - .seconds(2)
    return timeline.stages.indices.map { stage in
      let waited = timeline.microBatches.reduce(0.0) { sum, microBatch in
        guard microBatch.stages.indices.contains(stage) else { return sum }
        let sent = stage == 0 ? microBatch.embedded.upperBound : microBatch.stages[stage - 1].upperBound
        let start = microBatch.stages[stage].lowerBound
        return start > max(sent, begin) ? sum + (start - max(sent, begin)).seconds : sum
      }
      return waited / 2
    }
  }

}

// MARK: - The page's data

extension PipelineView {
  /// The answer to `GET /pipeline`; see docs/API.md.
  struct Snapshot: Encodable {
    struct ModelCard: Encodable {
      var id: String, blocks: Int, width: Int, context: Int, vocabulary: Int
      /// How its matrices are held in memory.
      var weights: String
      /// Whether it is the toy that comes with the program.
      var isDemo: Bool

      enum CodingKeys: String, CodingKey {
        case id, blocks, width, context, vocabulary, weights
        case isDemo = "is_demo"
      }
    }

    struct Station: Encodable {
      var name: String
      var address: String
      var blocks: [Int]?
      var threads: Int
      var kernels: String
      var busy: Double
      var computeSeconds: Double
      var waitSeconds: Double
      var sendSeconds: Double
      var bytesSent: Int
      var microBatches: Int
      var rows: Int

      enum CodingKeys: String, CodingKey {
        case name, address, blocks, threads, kernels, busy, rows
        case computeSeconds = "compute_seconds"
        case waitSeconds = "wait_seconds"
        case sendSeconds = "send_seconds"
        case bytesSent = "bytes_sent"
        case microBatches = "micro_batches"
      }
    }

    struct Rates: Encodable { var generated: Double, read: Double }
    struct Requests: Encodable { var running: Int, waiting: Int, finished: Int }

    struct Cache: Encodable {
      var positionsUsed: Int
      var positions: Int
      var slotsUsed: Int
      var slots: Int

      enum CodingKeys: String, CodingKey {
        case positions, slots
        case positionsUsed = "positions_used"
        case slotsUsed = "slots_used"
      }
    }

    struct Recovery: Encodable {
      var losses: Int
      var recoveries: Int
      var rowsReplayed: Int

      enum CodingKeys: String, CodingKey {
        case losses, recoveries
        case rowsReplayed = "rows_replayed"
      }
    }

    struct MicroBatch: Encodable {
      var sequence: UInt64
      var rows: Int
      var embed: [Double]
      var stages: [[Double]]
      var finish: [Double]
    }

    var model: ModelCard
    var version: String
    var state: String
    var reason: String
    /// Seconds on the clock that all times are on.
    var now: Double
    var coordinator: Station
    var stages: [Station]
    var tokensPerSecond: Rates
    var requests: Requests
    var microBatchesInFlight: Int
    var cache: Cache
    var recovery: Recovery
    var spares: [ClusterResponse.Member]
    var timeline: [MicroBatch]

    enum CodingKeys: String, CodingKey {
      case model, version, state, reason, now, coordinator, stages, requests, cache, recovery, spares, timeline
      case tokensPerSecond = "tokens_per_second"
      case microBatchesInFlight = "micro_batches_in_flight"
    }
  }

  /// - Parameter sequence: micro-batches up to this one are known already.
  func snapshot(_ options: ServerOptions, state: ServerState, after sequence: UInt64?) -> Snapshot {
    let (total, recent, timeline) = (engine.statistics, recent(), engine.timeline)
    let configuration = engine.configuration
    func station(_ index: Int?) -> Snapshot.Station {
      let (all, lately) =
        index.map { (total.stages[$0], recent.statistics.stages[$0]) }
        ?? (total.coordinator, recent.statistics.coordinator)
      let description = index.flatMap { timeline.stages.indices.contains($0) ? timeline.stages[$0] : nil }
      return Snapshot.Station(
        name: all.name, address: Self.shown(description?.address ?? ""),
        blocks: index.map { _ in [all.layers.lowerBound, all.layers.upperBound - 1] },
        threads: description?.threads ?? engine.threads, kernels: description?.kernels ?? engine.kernels,
        busy: min(1, (lately.compute / .seconds(1)) / recent.seconds), computeSeconds: all.compute / .seconds(1),
        waitSeconds: all.wait / .seconds(1), sendSeconds: all.send / .seconds(1), bytesSent: all.bytesSent,
        microBatches: all.microBatches, rows: all.rows)
    }
    let now = Self.seconds(Instant.now)
    let new = timeline.microBatches.reversed().prefix { microBatch in
      Self.seconds(microBatch.finished.upperBound) > now - Self.timelineSeconds
        && sequence.map { microBatch.sequence > $0 } ?? true
    }.prefix(Self.timelineCount).reversed()
    return Snapshot(
      model: .init(
        id: options.model, blocks: configuration.layerCount, width: configuration.width,
        context: configuration.positionCount,
        vocabulary: configuration.vocabularySize, weights: configuration.weights.name, isDemo: options.isDemo),
      version: options.version, state: state.name, reason: state.reason, now: now, coordinator: station(nil),
      stages: recent.statistics.stages.count == total.stages.count ? total.stages.indices.map { station($0) } : [],
      tokensPerSecond: .init(
        generated: Double(recent.tokensWritten) / recent.seconds, read: Double(recent.tokensRead) / recent.seconds),
      requests: .init(
        running: total.requestsRunning, waiting: total.requestsWaiting, finished: metrics.finished),
      microBatchesInFlight: total.microBatchesInFlight,
      cache: .init(
        positionsUsed: total.positionsUsed,
        // Without a limit of memory the slots are the limit.
        positions: min(total.positionBudget, total.slotCount * configuration.positionCount),
        slotsUsed: total.slotsUsed, slots: total.slotCount),
      recovery: .init(losses: total.losses, recoveries: total.recoveries, rowsReplayed: total.rowsReplayed),
      spares: total.members.filter { $0.role == .spare }.map(ClusterResponse.Member.init),
      timeline: new.map { microBatch in
        Snapshot.MicroBatch(
          sequence: microBatch.sequence, rows: microBatch.rows, embed: Self.seconds(microBatch.embedded),
          stages: microBatch.stages.map { Self.seconds($0) }, finish: Self.seconds(microBatch.finished))
      })
  }

  /// Nothing for a stage of this process.
  private static func shown(_ address: String) -> String { address.hasPrefix("inproc:") ? "" : address }

  private static func seconds(_ instant: Instant) -> Double { Double(instant.nanoseconds / 1000) / 1e6 }
  private static func seconds(_ range: Range<Instant>) -> [Double] {
    [seconds(range.lowerBound), seconds(range.upperBound)]
  }
}

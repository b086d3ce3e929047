package import Pipeline
internal import Wording

/// What `gpt2 plan` says of a cluster.
package struct ClusterForecast: Encodable {
  package struct Worker: Encodable {
    var name: String
    var firstBlock: Int
    var lastBlock: Int
    var weightBytes: Int
    var cacheBytes: Int

    enum CodingKeys: String, CodingKey {
      case name
      case firstBlock = "first_block"
      case lastBlock = "last_block"
      case weightBytes = "weight_bytes"
      case cacheBytes = "cache_bytes"
    }
  }

  /// What the pipe is asked to do.
  package struct Work {
    /// `prefill` or `decode`.
    var kind: String
    var amount: String
    /// As a sentence has it: "one text at a time".
    var plain: String

    init(_ kind: String, _ amount: String, plain: String) {
      (self.kind, self.amount, self.plain) = (kind, amount, plain)
    }
  }

  /// One kind of work: here, and with one process.
  package struct Line: Encodable {
    var name: String
    var tokensPerSecond: Double
    var oneThreadTokensPerSecond: Double
    var oneMachineTokensPerSecond: Double
    var idleShare: Double
    var gpipeIdleShare: Double
    var coordinatorBusy: Double
    var linkBusy: Double
    /// How many times as fast as the better of one thread and all cores of one machine.
    var gain = 0.0
    /// What holds it back; nil where the stages are busy and it gains.
    var limit: String?
    var plain: String

    enum CodingKeys: String, CodingKey {
      case name, gain, limit
      case tokensPerSecond = "tokens_per_second"
      case oneThreadTokensPerSecond = "one_thread_tokens_per_second"
      case oneMachineTokensPerSecond = "one_machine_tokens_per_second"
      case idleShare = "idle_share"
      case gpipeIdleShare = "gpipe_idle_share"
      case coordinatorBusy = "coordinator_busy"
      case linkBusy = "link_busy"
    }
  }

  package var workers: [Worker]
  package var spares: [String]
  /// The same in few lines, for people.
  package var spareLines: [String]
  package var coordinatorBytes: Int
  /// How matrices are held.
  package var weights: String
  package var weightTypes: [WeightTypeFit]
  /// What the types fit, for people.
  package var typeScope: String
  /// Positions of all sequences together that the workers' memory caches; nil where it has no limit.
  package var positionBudget: Int?
  package var threads: Int
  package var cores: Int
  package var isOneHost: Bool
  package var inFlight: Int
  package var measurement: Steadiness
  package var prefill: Line
  package var decode: [Line]

  package enum CodingKeys: String, CodingKey {
    case workers, spares, weights, threads, cores, measurement, prefill, decode
    case weightTypes = "weight_types"
    case coordinatorBytes = "coordinator_weight_bytes"
    case positionBudget = "position_budget"
    case isOneHost = "same_host"
    case inFlight = "in_flight"
  }
}

extension ClusterForecast.Line {
  package init(
    _ work: ClusterForecast.Work, _ forecast: PipeForecast, oneThread: Double, oneMachine: Double, isOneHost: Bool,
    cores: Int, latency: Double
  ) {
    self.init(
      name: "\(work.kind), \(work.amount)", tokensPerSecond: forecast.tokensPerSecond,
      oneThreadTokensPerSecond: oneThread, oneMachineTokensPerSecond: oneMachine, idleShare: forecast.idleShare,
      gpipeIdleShare: forecast.gpipeIdleShare, coordinatorBusy: forecast.coordinatorBusy, linkBusy: forecast.linkBusy,
      plain: work.plain)
    gain = forecast.tokensPerSecond / max(oneThread, oneMachine)
    limit =
      if forecast.linkBusy > 0.8 {
        "the busiest link sends for \(percent(forecast.linkBusy)) of the time; more bandwidth would help"
      } else if forecast.coordinatorBusy > 0.8 {
        "the coordinator works for \(percent(forecast.coordinatorBusy)) of the time, on embedding and head"
      } else if isOneHost, !isGain {
        "the processes share the \(count(cores, "core")) that one process has to itself"
      } else if forecast.busy.allSatisfy({ $0 < 0.6 }) {
        "each token passes \(count(forecast.busy.count, "stage")) one after the other and waits "
          + "\(Duration.seconds(latency).short) on every link; more texts at once would fill the gaps"
      } else if !isGain {
        "the slowest stage takes nearly as long as one machine takes for all"
      } else {
        nil
      }
  }

  /// What a measurement cannot tell from chance is no gain.
  package var isGain: Bool { gain >= 1.05 }
}

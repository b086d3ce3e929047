import Pipeline

/// What `gpt2 plan` says of a cluster.
struct ClusterForecast: Encodable {
  struct Worker: Encodable {
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

  /// One kind of work: here, and with one process.
  struct Line: Encodable {
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

  var workers: [Worker]
  var spares: [String]
  var coordinatorBytes: Int
  /// Positions of all sequences together that the workers' memory caches; nil where it has no limit.
  var positionBudget: Int?
  var threads: Int
  var cores: Int
  var isOneHost: Bool
  var inFlight: Int
  var prefill: Line
  var decode: [Line]

  enum CodingKeys: String, CodingKey {
    case workers, spares, threads, cores, prefill, decode
    case coordinatorBytes = "coordinator_weight_bytes"
    case positionBudget = "position_budget"
    case isOneHost = "same_host"
    case inFlight = "in_flight"
  }
}

extension ClusterForecast.Line {
  init(
    _ name: String, _ forecast: PipeForecast, oneThread: Double, oneMachine: Double, isOneHost: Bool, cores: Int,
    latency: Double
  ) {
    self.init(
      name: name, tokensPerSecond: forecast.tokensPerSecond, oneThreadTokensPerSecond: oneThread,
      oneMachineTokensPerSecond: oneMachine, idleShare: forecast.idleShare, gpipeIdleShare: forecast.gpipeIdleShare,
      coordinatorBusy: forecast.coordinatorBusy, linkBusy: forecast.linkBusy)
    gain = forecast.tokensPerSecond / max(oneThread, oneMachine)
    limit =
      if forecast.linkBusy > 0.8 {
        "the busiest link sends \(percent(forecast.linkBusy)) of the time; more bandwidth would help"
      } else if forecast.coordinatorBusy > 0.8 {
        "the coordinator's own work, head and embedding, takes \(percent(forecast.coordinatorBusy)) of its time"
      } else if isOneHost, !isGain {
        "the processes share the \(count(cores, "core")) that one process has to itself"
      } else if forecast.busy.allSatisfy({ $0 < 0.6 }) {
        "each token passes \(count(forecast.busy.count, "stage")) one after the other and waits \(milliseconds(latency)) "
          + "on every link; more sequences at once would fill the gaps"
      } else if !isGain {
        "the slowest stage takes nearly as long as one machine takes for all"
      } else {
        nil
      }
  }

  /// What a measurement cannot tell from chance is no gain.
  fileprivate var isGain: Bool { gain >= 1.05 }
}

extension ClusterForecast {
  var text: String {
    var lines = [
      isOneHost
        ? "\(count(workers.count, "worker")) and the coordinator on this machine (\(count(cores, "core"))), \(count(threads, "thread")) each"
        : "\(count(workers.count, "worker")) and the coordinator on hosts of their own, \(count(threads, "thread")) each"
    ]
    lines += workers.map { worker in
      let blocks =
        worker.firstBlock == worker.lastBlock
        ? "block \(worker.firstBlock)" : "blocks \(worker.firstBlock) to \(worker.lastBlock)"
      return
        "  \(worker.name): \(blocks), \(bytes(worker.weightBytes)) of weights, up to \(bytes(worker.cacheBytes)) of "
        + "cache"
    }
    lines.append("  coordinator: embedding and head, \(bytes(coordinatorBytes)) of weights")
    lines += spares.map { "  \($0)" }
    lines.append(
      "weights as they are in memory (fp32, whatever the files have), cache for \(PlannedCluster.sequences) sequences of full length; "
        + (positionBudget.map { "with this --memory there is room for \(count($0, "token")) of all sequences together" }
          ?? "--memory says what workers have, if that is less")
    )
    lines.append("up to \(count(inFlight, "micro-batch", plural: "micro-batches")) in flight")
    lines += prefill.text(isPrefill: true) + decode.flatMap { $0.text(isPrefill: false) }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension ClusterForecast.Line {
  fileprivate func text(isPrefill: Bool) -> [String] {
    func rate(_ number: Double) -> String {
      number < 10 ? "\((number * 10).rounded() / 10)" : "\(Int(number.rounded()))"
    }
    return [
      "\(name): \(rate(tokensPerSecond)) tokens/s; one process \(rate(oneMachineTokensPerSecond)) on all cores, "
        + "\(rate(oneThreadTokensPerSecond)) on one thread",
      "  stages idle \(percent(idleShare))"
        + (isPrefill && gpipeIdleShare > 0 ? " (filling and draining once: \(percent(gpipeIdleShare)))" : "")
        + ", coordinator busy \(percent(coordinatorBusy)), busiest link \(percent(linkBusy))",
      "  \((gain * 100).rounded() / 100) × one machine" + (isGain ? "" : ", no gain") + (limit.map { ": \($0)" } ?? ""),
    ]
  }
}

private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

private func milliseconds(_ seconds: Double) -> String { "\((seconds * 1e5).rounded() / 100) ms" }

internal import Wording

/// What the pipe gains over one process.
package struct PipelineResult: Encodable {
  package var stages: Int
  /// How the model's matrices are held.
  package var weights: String
  package var prefillTokensPerSecond = 0.0
  package var prefillSpeedupOneThread = 0.0
  package var prefillSpeedupAllCores = 0.0
  package var decodeTokensPerSecond = 0.0
  package var decodeSpeedupOneThread = 0.0
  package var decodeSpeedupAllCores = 0.0
  package var idleShare = 0.0
  package var gpipeIdleShare = 0.0
  /// What all cores together can multiply, by what one can: no speed-up can be above it.
  package var allCoresOverOne = 0.0
  package var hopMicroseconds = 0.0
  /// Of the same bytes over libzmq alone.
  package var halfRoundTripMicroseconds = 0.0
  package var hopOverLibzmq = 0.0

  /// Rounds that were measured, and by how much the middle half of their ratios differs.
  package var rounds = 0
  package var spread = 0.0

  /// Whether something else had a part in the figures.
  package var isDisturbed: Bool { spread > ModelBench.tolerance || allCoresOverOne < 1 }

  package init(stages: Int, weights: String) { (self.stages, self.weights) = (stages, weights) }

  package enum CodingKeys: String, CodingKey {
    case stages, weights, rounds, spread
    case prefillTokensPerSecond = "prefill_tokens_per_second"
    case prefillSpeedupOneThread = "prefill_speedup_one_thread"
    case prefillSpeedupAllCores = "prefill_speedup_all_cores"
    case decodeTokensPerSecond = "decode_tokens_per_second"
    case decodeSpeedupOneThread = "decode_speedup_one_thread"
    case decodeSpeedupAllCores = "decode_speedup_all_cores"
    case idleShare = "idle_share"
    case gpipeIdleShare = "gpipe_idle_share"
    case allCoresOverOne = "machine_all_cores_over_one"
    case hopMicroseconds = "hop_microseconds"
    case halfRoundTripMicroseconds = "half_round_trip_microseconds"
    case hopOverLibzmq = "hop_over_libzmq"
  }
}

extension PipelineResult {
  /// What was measured, for a person.
  ///
  /// - Parameters:
  ///   - model: what was run.
  ///   - isOneHost: whether all stages run on this machine.
  ///   - width: characters that a line of the table may have.
  package func text(of model: String, cores: Int, isOneHost: Bool, width: Int) -> String {
    func two(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    let rows = [
      ("prefill, 8 prompts", prefillTokensPerSecond, prefillSpeedupOneThread, prefillSpeedupAllCores),
      ("decode, 32 texts", decodeTokensPerSecond, decodeSpeedupOneThread, decodeSpeedupAllCores),
    ]
    let table = TextTable(columns: [
      .init(title: "", rank: 0, cells: rows.map(\.0)),
      .init(title: "tokens/s", rank: 0, cells: rows.map { "\(Int($0.1.rounded()))" }),
      .init(title: "× one thread", rank: 0, cells: rows.map { two($0.2) }),
      .init(title: "× all \(count(cores, "core"))", rank: 0, cells: rows.map { two($0.3) }),
    ])
    var lines = [
      "\(model), in \(weights), in \(count(stages, "stage")); beside it one process on this machine, with one thread and with all cores",
      "",
      table.text(width: width), "",
      "While prompts are read, a stage has nothing to compute for \(percent(idleShare)) of the time. Even of equal stages it would be \(percent(gpipeIdleShare)): the last waits for the first piece, and the first has none at the end.",
      "All cores of this machine multiply \(two(allCoresOverOne)) times as fast as one"
        + (allCoresOverOne >= 1 && isOneHost ? "; no number of stages on it can gain more." : "."),
      "A token's way from one stage to the next takes \(Int(hopMicroseconds.rounded())) µs. The same bytes by libzmq alone take \(Int(halfRoundTripMicroseconds.rounded())) µs.",
    ]
    let gain = 1.05  // what a measurement cannot tell from chance is none
    if isDisturbed {
      lines.append(
        "This machine was busy: in \(count(rounds, "round")) the same comparison differed by \(percent(spread))"
          + (allCoresOverOne < 1 ? ", and all its cores were slower than one of them alone" : "")
          + ". The figures are rough; run this again when it is quiet.")
    }
    if min(prefillSpeedupOneThread, decodeSpeedupOneThread) < gain {
      lines.append(
        "No gain over one thread: there is too little to compute for what handing on costs (a larger model has more), or others use the cores too."
      )
    } else if isOneHost, min(prefillSpeedupAllCores, decodeSpeedupAllCores) < gain {
      lines.append(
        "No gain over all cores: the stages share those that one process has to itself. Workers on other hosts bring their own."
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension PipelineResult {
  /// What was measured, in lines for a person.
  ///
  /// - Parameter isOneHost: whether all stages run on this machine.
  func text(cores: Int, isOneHost: Bool) -> String {
    func two(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    func work(_ name: String, _ rate: Double, _ overOne: Double, _ overAll: Double) -> String {
      "\(name)\(Int(rate.rounded())) tokens/s: \(two(overOne)) × one thread, \(two(overAll)) × all cores"
    }
    var lines = [
      "\(count(stages, "stage")), beside one process here: on one thread, and on all \(count(cores, "core"))",
      work("prefill, 8 texts     ", prefillTokensPerSecond, prefillSpeedupOneThread, prefillSpeedupAllCores),
      work("decode, 32 texts     ", decodeTokensPerSecond, decodeSpeedupOneThread, decodeSpeedupAllCores),
      "stages idle, prefill \(percent(idleShare)); filling and draining the pipe once takes \(percent(gpipeIdleShare)) (GPipe's formula)",
      "this machine         all cores multiply \(two(allCoresOverOne)) × as fast as one"
        + (allCoresOverOne < 1
          ? ": others use them; measure again when it is quiet" : isOneHost ? ", and no pipe on it can gain more" : ""),
      "one more hop         \(Int(hopMicroseconds.rounded())) µs, \(two(hopOverLibzmq)) × half a round trip over bare libzmq, \(Int(halfRoundTripMicroseconds.rounded())) µs",
    ]
    let gain = 1.05  // what a measurement cannot tell from chance is none
    if min(prefillSpeedupOneThread, decodeSpeedupOneThread) < gain {
      lines.append(
        "no gain over one thread: too little to compute for what handing on costs (a larger --model has more), or cores that others use too"
      )
    } else if isOneHost, min(prefillSpeedupAllCores, decodeSpeedupAllCores) < gain {
      lines.append(
        "no gain over all cores: the stages share those that one process has to itself; workers on other hosts bring their own"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

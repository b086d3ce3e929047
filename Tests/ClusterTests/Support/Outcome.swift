import GPT2

/// All that a job brought, floats by their bits.
struct Outcome: Equatable {
  var tokens: [Int] = []
  /// Log-probabilities, scores or hidden states.
  var values: [UInt32] = []
  var logits: [UInt32] = []
  var finishReason: Generation.FinishReason?

  init(_ values: [Float] = []) { self.values = values.map(\.bitPattern) }

  init(_ samples: [SampledToken]) {
    tokens = samples.flatMap { [$0.token] + $0.top.map(\.token) }
    values = samples.flatMap { [$0.logProbability] + $0.top.map(\.logProbability) }.map(\.bitPattern)
  }

  init(_ generation: Generation) {
    self.init(generation.samples)
    finishReason = generation.finishReason
  }
}

@testable import GPT2

// The testing library's macros cannot take spans.

extension Sampler {
  func sample(
    _ logits: [Float], history: [Int], promptCount: Int = 0, position: Int
  ) throws(SamplingError) -> SampledToken {
    try sample(
      logits.span, history: history, promptCount: promptCount, position: position, kernels: Kernels.available[0])
  }
}

extension LogProbabilities {
  init?(_ logits: [Float]) { self.init(logits.span, kernels: Kernels.available[0]) }

  func top(_ count: Int, of logits: [Float]) -> [TokenLogProbability] { top(count, of: logits.span) }
}

extension Generation {
  func sample(_ logits: [Float]) throws(SamplingError) -> SampledToken {
    try sample(logits.span, kernels: Kernels.available[0])
  }
}

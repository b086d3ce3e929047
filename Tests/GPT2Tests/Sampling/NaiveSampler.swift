import Foundation

@testable import GPT2

/// The sampler's twin: the definitions written down, over a full sort and libm, in double.
struct NaiveSampler {
  var options: SamplingOptions

  /// The token of number `position` of the seed's stream, by the inverse of the cumulative distribution.
  func draw(from probabilities: [Double], position: Int) -> Int {
    var target = CounterBasedGenerator.uniform(seed: options.seed, position: UInt64(position))
    for (token, probability) in probabilities.enumerated() where probability > 0 {
      target -= probability
      if target < 0 { return token }
    }
    return probabilities.lastIndex { $0 > 0 }!
  }

  /// The probability of each token after all the steps.
  func distribution(_ logits: [Float], history: [Int], promptCount: Int = 0) -> [Double] {
    var scores = logits.map(Double.init)
    for token in scores.indices { scores[token] += Double(options.logitBias[token] ?? 0) }
    let penalty = options.repetitionPenalty
    for token in Set(history) { scores[token] = scores[token] < 0 ? scores[token] * penalty : scores[token] / penalty }
    for token in scores.indices {
      let count = history[promptCount...].count { $0 == token }
      scores[token] -= options.frequencyPenalty * Double(count) + (count > 0 ? options.presencePenalty : 0)
    }
    for token in Self.blocked(history, runsOf: options.noRepeatNGram) { scores[token] = -.infinity }
    if options.temperature == 0 {
      let best = scores.firstIndex(of: scores.max()!)
      return scores.indices.map { $0 == best ? 1 : 0 }
    }
    scores = scores.map { $0 / options.temperature }

    let order = scores.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
    if options.topK > 0 {
      for token in order.dropFirst(options.topK) { scores[token] = -.infinity }
    }
    if options.topP < 1 {
      let probabilities = Self.softmax(scores)
      var before = 0.0
      for (rank, token) in order.enumerated() {
        if rank > 0, before >= options.topP { scores[token] = -.infinity }
        before += probabilities[token]
      }
    }
    let probabilities = Self.softmax(scores)
    let bound = options.minP * probabilities.max()!
    for token in scores.indices where probabilities[token] < bound { scores[token] = -.infinity }
    return Self.softmax(scores)
  }

  /// Every token that would complete a run of `size` tokens for the second time.
  static func blocked(_ history: [Int], runsOf size: Int) -> Set<Int> {
    guard size > 0 else { return [] }
    let runs = history.indices.dropLast(size - 1).map { Array(history[$0..<($0 + size)]) }
    let ending = Array(history.suffix(size - 1))
    guard ending.count == size - 1 else { return [] }
    return Set(runs.filter { Array($0.dropLast()) == ending }.map { $0.last! })
  }

  static func softmax(_ scores: [Double]) -> [Double] {
    let maximum = scores.max()!
    let terms = scores.map { exp($0 - maximum) }
    let sum = terms.reduce(0, +)
    return terms.map { $0 / sum }
  }
}

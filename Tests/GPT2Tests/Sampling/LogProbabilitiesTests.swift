import Foundation
import TestSupport
import Testing

@testable import GPT2

@Suite struct LogProbabilitiesTests {
  @Test("Log-probabilities are the log-softmax of the logits", arguments: [1, 2, 15, 16, 17, 600, 5003])
  func matchesDouble(count: Int) throws {
    var source = SeededNumbers(UInt64(count))
    let logits = source.logits(count, centre: -80)
    let probabilities = try #require(LogProbabilities(logits))
    let maximum = Double(logits.max()!)
    let exact = maximum + log(logits.reduce(0.0) { $0 + exp(Double($1) - maximum) })
    for logit in logits {
      let expected = Double(logit) - exact
      #expect(abs(Double(probabilities.logProbability(ofLogit: logit)) - expected) <= 4e-7 * max(1, abs(expected)))
    }
  }

  @Test func `a single token is certain`() throws {
    let probabilities = try #require(LogProbabilities([-7.5]))
    #expect(probabilities.logProbability(ofLogit: -7.5) == 0)
  }

  @Test("The top tokens are those of a full sort", arguments: [0, 1, 2, 5, 64, 299, 300, 400])
  func top(count: Int) throws {
    for (seed, step) in [(1, nil), (2, 0.5), (3, 4)] as [(UInt64, Float?)] {
      var source = SeededNumbers(seed)
      let logits = source.logits(300, step: step)
      let probabilities = try #require(LogProbabilities(logits))
      let sorted = logits.indices.sorted { logits[$0] > logits[$1] || (logits[$0] == logits[$1] && $0 < $1) }
      let top = probabilities.top(count, of: logits)
      #expect(top.map(\.token) == Array(sorted.prefix(count)))
      #expect(top.allSatisfy { $0.logProbability == probabilities.logProbability(ofLogit: logits[$0.token]) })
    }
  }

  @Test("Sampling reports the model's own log-probabilities", arguments: [0, 0.7])
  func sampled(temperature: Double) throws {
    var source = SeededNumbers(5)
    var options = SamplingOptions()
    options.temperature = temperature
    options.topK = 5
    options.repetitionPenalty = 1.8
    options.frequencyPenalty = 0.5
    options.presencePenalty = -0.25
    options.logitBias = [4: 3, 50: -2]
    options.noRepeatNGram = 1
    options.topLogProbabilities = 3
    let sampler = try Sampler(options)
    for position in 0..<20 {
      let logits = source.logits(90)
      let probabilities = try #require(LogProbabilities(logits))
      let sampled = try sampler.sample(logits, history: [4, 8, 15, 16, 23, 42], position: position)
      #expect(sampled.logProbability == probabilities.logProbability(ofLogit: logits[sampled.token]))
      #expect(sampled.top == probabilities.top(3, of: logits))
    }
  }
}

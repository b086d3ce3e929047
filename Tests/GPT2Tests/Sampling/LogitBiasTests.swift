import TestSupport
import Testing

@testable import GPT2

/// Logit bias, frequency and presence penalty.
@Suite struct LogitBiasTests {
  @Test func `frequency counts every time and presence once`() {
    var logits: [Float] = [2, -2, 0, 5, -1]
    LogitAdjustment.penalise(&logits, generated: [0, 1, 0, 2, 0], frequency: 0.5, presence: 0.25)
    #expect(logits == [0.25, -2.75, -0.75, 5, -1])
    LogitAdjustment.penalise(&logits, generated: [3, 3], frequency: -2, presence: 0)
    #expect(logits == [0.25, -2.75, -0.75, 9, -1])
    LogitAdjustment.penalise(&logits, generated: [], frequency: 2, presence: 2)
    #expect(logits == [0.25, -2.75, -0.75, 9, -1])
  }

  @Test func `a bias is added to its token's logit alone`() {
    var logits: [Float] = [2, -2, 0, 5, -.infinity]
    LogitAdjustment.bias(&logits, by: [0: -100, 2: 0.5, 4: 100])
    #expect(logits == [-98, -2, 0.5, 5, -.infinity])
  }

  /// Greedy takes the greatest of what the steps make of the logits, so each order of them shows in the token.
  @Test func `the bias comes before the repetition penalty, and the others after it`() throws {
    var options = SamplingOptions()
    options.temperature = 0
    options.repetitionPenalty = 2
    options.logitBias = [0: 2]
    // (4 + 2) / 2 = 3, where 4 / 2 + 2 would be 4.
    #expect(try Sampler(options).sample([4, 3.5], history: [0], promptCount: 1, position: 1).token == 1)
    options.logitBias = [:]
    options.frequencyPenalty = 2
    // 4 / 2 − 2 = 0, where (4 − 2) / 2 would be 1.
    #expect(try Sampler(options).sample([4, 0.5], history: [0], position: 1).token == 1)
    options.frequencyPenalty = 0
    options.presencePenalty = 2
    #expect(try Sampler(options).sample([4, 0.5], history: [0], position: 1).token == 1)
    options.noRepeatNGram = 1
    options.presencePenalty = -2
    options.logitBias = [0: 100]
    #expect(try Sampler(options).sample([4, -90], history: [0], position: 1).token == 1)
  }

  @Test func `only what was generated counts for frequency and presence`() throws {
    var options = SamplingOptions()
    options.temperature = 0
    options.frequencyPenalty = 0.5
    options.presencePenalty = 1
    let sampler = try Sampler(options)
    let history = [0, 0, 0, 0]
    // The lead of 2.25 lasts for two times: 1 + 2 × 0.5 = 2, and 1 + 3 × 0.5 = 2.5.
    let tokens = try (0...4).map { promptCount in
      try sampler.sample([4, 1.75], history: history, promptCount: promptCount, position: 4).token
    }
    #expect(tokens == [1, 1, 0, 0, 0])
  }

  @Test("What adds 0 changes no bit", arguments: [0, 0.8])
  func identity(temperature: Double) throws {
    var source = SeededNumbers(21)
    for position in 0..<50 {
      let logits = source.logits(300, step: position % 2 == 0 ? nil : 0.5) + [-0.0, 0]
      let history = (0..<40).map { _ in Int.random(in: 0..<302, using: &source) }
      var options = SamplingOptions()
      options.temperature = temperature
      options.topLogProbabilities = 5
      options.seed = UInt64(position)
      let plain = try Sampler(options).sample(logits, history: history, position: position)
      options.logitBias = Dictionary(uniqueKeysWithValues: logits.indices.map { ($0, 0) })
      options.frequencyPenalty = -0.0
      #expect(try Sampler(options).sample(logits, history: history, position: position) == plain)
      // A penalty on nothing, since all of the history is the prompt.
      (options.frequencyPenalty, options.presencePenalty) = (2, -2)
      #expect(try Sampler(options).sample(logits, history: history, promptCount: 40, position: position) == plain)
    }
    var logits: [Float] = [1.5, -2.25, 0, -0.0]
    let patterns = logits.map(\.bitPattern)
    LogitAdjustment.penalise(&logits, generated: [0, 1, 2, 3], frequency: 0, presence: 0)
    #expect(logits.map(\.bitPattern) == patterns)
  }

  @Test func `the order in which biases were given is irrelevant`() throws {
    var source = SeededNumbers(22)
    for position in 0..<20 {
      let logits = source.logits(200)
      let biases = (0..<200).map { (token: $0, bias: Float.random(in: -3...3, using: &source)) }
      let sampled = try (0..<6).map { _ in
        var options = SamplingOptions()
        // Grown to another capacity each time, a dictionary has another order.
        options.logitBias.reserveCapacity(Int.random(in: 1...5000, using: &source))
        for (token, bias) in biases.shuffled(using: &source) { options.logitBias[token] = bias }
        options.frequencyPenalty = 0.3
        return try Sampler(options).sample(logits, history: [1, 2, 1], position: position)
      }
      #expect(Set(sampled).count == 1)
    }
  }

  @Test("A bias of −100 rules a token out, and +100 makes it come", arguments: [0, 1])
  func extremes(temperature: Double) throws {
    var source = SeededNumbers(23)
    var options = SamplingOptions()
    options.temperature = temperature
    for position in 0..<100 {
      let logits = source.logits(64)
      let greatest = logits.indices.max { logits[$0] < logits[$1] }!
      options.logitBias = [greatest: -100]
      #expect(try Sampler(options).sample(logits, history: [], position: position).token != greatest)
      let least = logits.indices.min { logits[$0] < logits[$1] }!
      options.logitBias = [least: 100]
      let sampled = try Sampler(options).sample(logits, history: [], position: position)
      #expect(sampled.token == least)
      // Log-probabilities know nothing of it.
      #expect(sampled.logProbability == LogProbabilities(logits)?.logProbability(ofLogit: logits[least]))
    }
  }
}

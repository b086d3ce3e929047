import TestSupport
import Testing

@testable import GPT2

@Suite struct SamplerTests {
  /// What to change of the options, and a name for the test report.
  struct Variation: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var options = SamplingOptions()

    init(_ description: String, _ change: (inout SamplingOptions) -> Void) {
      testDescription = description
      change(&options)
    }

    static let all = [
      Variation("defaults") { _ in },
      Variation("greedy") { $0.temperature = 0 },
      Variation("cold") { $0.temperature = 0.3 },
      Variation("hot") { $0.temperature = 2 },
      Variation("top-k 1") { $0.topK = 1 },
      Variation("top-k 7") { $0.topK = 7 },
      Variation("top-k above V") { $0.topK = 100_000 },
      Variation("top-p 0") { $0.topP = 0 },
      Variation("top-p 0.5") { $0.topP = 0.5 },
      Variation("top-p 0.95") { $0.topP = 0.95 },
      Variation("min-p 0.05") { $0.minP = 0.05 },
      Variation("min-p 1") { $0.minP = 1 },
      Variation("penalty") { $0.repetitionPenalty = 1.3 },
      Variation("reward") { $0.repetitionPenalty = 0.7 },
      Variation("frequency penalty") { $0.frequencyPenalty = 0.75 },
      Variation("presence reward") { $0.presencePenalty = -1.5 },
      Variation("bias") { $0.logitBias = [0: 2, 3: -100, 5: -0.5, 7: 1.25] },
      Variation("1-gram block") { $0.noRepeatNGram = 1 },
      Variation("3-gram block") { $0.noRepeatNGram = 3 },
      Variation("greedy, penalty, block") {
        $0.temperature = 0
        $0.repetitionPenalty = 1.5
        $0.noRepeatNGram = 2
      },
      Variation("everything") {
        $0.temperature = 0.8
        $0.topK = 20
        $0.topP = 0.9
        $0.minP = 0.02
        $0.repetitionPenalty = 1.2
        $0.frequencyPenalty = 0.25
        $0.presencePenalty = 0.5
        $0.logitBias = [1: 1.5, 2: -1]
        $0.noRepeatNGram = 2
      },
    ]
  }

  @Test("Every step does what its definition over a full sort does", arguments: Variation.all)
  func matchesNaiveTwin(variation: Variation) throws {
    var source = SeededNumbers(11)
    for round in 0..<24 {
      var options = variation.options
      options.seed = UInt64(round)
      let sampler = try Sampler(options)
      let twin = NaiveSampler(options: options)
      // Blocks of 512 weights: less than one, several, and a last one cut short.
      let vocabularySize = [37, 512, 1301][round % 3]
      let logits = source.logits(vocabularySize, centre: round % 2 == 0 ? -3 : 1, step: round % 4 < 2 ? nil : 0.5)
      let history = (0..<30).map { _ in Int.random(in: 0..<(round % 5 == 0 ? 4 : vocabularySize), using: &source) }
      let promptCount = round % 3 * 10
      let distribution = twin.distribution(logits, history: history, promptCount: promptCount)
      for position in 0..<8 {
        let sampled = try sampler.sample(logits, history: history, promptCount: promptCount, position: position)
        #expect(sampled.token == twin.draw(from: distribution, position: position))
      }
    }
  }

  @Test("Tokens come as often as their probabilities say", arguments: Variation.all)
  func frequencies(variation: Variation) throws {
    let logits: [Float] = [0.3, -1.2, 1.1, 0.3, -0.4, 2.0, -3.0, 0.9]
    let history = [2, 5, 2, 1, 6, 5, 2]
    let expected = NaiveSampler(options: variation.options).distribution(logits, history: history)
    let sampler = try Sampler(variation.options)
    let draws = 1000
    var counts = [Int](repeating: 0, count: logits.count)
    for position in 0..<draws {
      counts[try sampler.sample(logits, history: history, position: position).token] += 1
    }
    var chiSquare = 0.0
    for (count, probability) in zip(counts, expected) {
      if probability == 0 {
        #expect(count == 0)
      } else {
        let mean = probability * Double(draws)
        chiSquare += (Double(count) - mean) * (Double(count) - mean) / mean
      }
    }
    // At most 7 degrees of freedom: above 24.3 once in a thousand seeds.
    #expect(chiSquare < 24.3)
  }

  @Test func `a token depends on seed and position, not on what was sampled before`() throws {
    var source = SeededNumbers(3)
    let rows = (0..<20).map { _ in source.logits(200) }
    let options = Variation.all.last!.options
    let history = [3, 1, 4, 1, 5, 9, 2, 6]
    let forwards = try rows.indices.map {
      try Sampler(options).sample(rows[$0], history: history, position: $0)
    }
    let sampler = try Sampler(options)
    for index in rows.indices.reversed() {
      #expect(try sampler.sample(rows[index], history: history, position: index) == forwards[index])
    }
    var other = options
    other.seed = 1
    let others = try rows.indices.map { try Sampler(other).sample(rows[$0], history: history, position: $0) }
    #expect(others != forwards)
  }

  @Test("Every instruction set gives the same bits", arguments: Variation.all)
  func instructionSets(variation: Variation) throws {
    var source = SeededNumbers(8)
    var options = variation.options
    options.topLogProbabilities = 4
    let sampler = try Sampler(options)
    for position in 0..<10 {
      let logits = source.logits(700 + position, centre: -30)
      let history = (0..<20).map { _ in Int.random(in: 0..<700, using: &source) }
      let sampled = try Kernels.available.map {
        try sampler.sample(logits.span, history: history, promptCount: 5, position: position, kernels: $0)
      }
      #expect(Set(sampled).count == 1)
    }
  }

  @Test func `among equals the lowest token id comes first`() throws {
    let logits: [Float] = [1, 3, 2, 3, 3, 2, -0.0, 0.0]
    var options = SamplingOptions()
    options.temperature = 0
    options.topLogProbabilities = 8
    let greedy = try Sampler(options).sample(logits, history: [], position: 0)
    #expect(greedy.token == 1)
    #expect(greedy.top.map(\.token) == [1, 3, 4, 2, 5, 0, 6, 7])

    options.temperature = 1
    #expect(try tokens(logits, options) { $0.topK = 2 } == [1, 3])
    #expect(try tokens(logits, options) { $0.topP = 0.35 } == [1, 3])
    #expect(try tokens([0, 0, 0, 0], options) { $0.topP = 0.5 } == [0, 1])
    #expect(try tokens([0, 0, 0, 0], options) { $0.topP = 0.51 } == [0, 1, 2])
  }

  /// All the tokens that come in many draws.
  private func tokens(
    _ logits: [Float], _ options: SamplingOptions, change: (inout SamplingOptions) -> Void
  ) throws -> Set<Int> {
    var options = options
    change(&options)
    let sampler = try Sampler(options)
    return try Set((0..<300).map { try sampler.sample(logits, history: [], position: $0).token })
  }

  @Test func `the penalty divides positive and multiplies negative logits, once a token`() {
    var adjusted: [Float] = [2, -2, 0, 5, -1]
    LogitAdjustment.penalise(&adjusted, repeating: [0, 1, 0, 2, 0], by: 2)
    #expect(adjusted == [1, -4, 0, 5, -1])
  }

  @Test("The n-gram block forbids what would repeat a run", arguments: 0...6)
  func blocksRuns(size: Int) {
    var source = SeededNumbers(UInt64(size))
    for length in 0..<60 {
      let history = (0..<length).map { _ in Int.random(in: 0..<3, using: &source) }
      var logits = [Float](repeating: 0, count: 3)
      LogitAdjustment.block(&logits, repeating: history, runsOf: size)
      let blocked = Set(logits.indices.filter { logits[$0] == -.infinity })
      #expect(blocked == NaiveSampler.blocked(history, runsOf: size))
    }
  }

  @Test func `blocked tokens never come, even when all else is impossible`() throws {
    var options = SamplingOptions()
    options.noRepeatNGram = 1
    for temperature in [0, 0.01, 1, 2] {
      options.temperature = temperature
      for topK in [0, 3] {
        options.topK = topK
        let sampler = try Sampler(options)
        for position in 0..<50 {
          let sampled = try sampler.sample([9, 9, 9, -90], history: [0, 1, 2], position: position)
          #expect(sampled.token == 3)
        }
      }
    }
  }

  @Test func `a block that leaves no token is an error`() throws {
    var options = SamplingOptions()
    options.noRepeatNGram = 1
    #expect(throws: SamplingError.everythingBlocked(position: 5, noRepeatNGram: 1)) {
      try Sampler(options).sample([1, 2], history: [0, 1], position: 5)
    }
  }

  @Test("Logits that are not finite are an error", arguments: [Float.nan, .infinity], [0, 1, 2.0])
  func notFinite(value: Float, temperature: Double) throws {
    var options = SamplingOptions()
    options.temperature = temperature
    let sampler = try Sampler(options)
    for index in [0, 15, 16, 39] {
      var logits = [Float](repeating: 0.5, count: 40)
      logits[index] = value
      #expect(throws: SamplingError.notFinite(position: 8)) {
        try sampler.sample(logits, history: [], position: 8)
      }
    }
    #expect(throws: SamplingError.notFinite(position: 1)) {
      try sampler.sample([-.infinity, -.infinity], history: [], position: 1)
    }
  }

  @Test func `extreme logits and temperatures end in a token or an error`() throws {
    let huge: [Float] = [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, 1e30, -.leastNonzeroMagnitude]
    for temperature in [0, 1e-7, 1.1e-5, 1, 2] {
      for penalty in [0.01, 1, 100] {
        var options = SamplingOptions()
        options.temperature = temperature
        options.repetitionPenalty = penalty
        options.topP = 0.9
        do {
          let sampled = try Sampler(options).sample(huge, history: [0, 1, 2], position: 0)
          #expect(huge.indices.contains(sampled.token))
        } catch {
          #expect(error == .notFinite(position: 0))
        }
      }
    }
  }

  @Test func `a token of logit minus infinity never comes and is not among the top`() throws {
    var options = SamplingOptions()
    options.topLogProbabilities = 4
    let sampler = try Sampler(options)
    for position in 0..<50 {
      let sampled = try sampler.sample([-.infinity, 1, -.infinity, 2], history: [], position: position)
      #expect([1, 3].contains(sampled.token))
      #expect(sampled.top.map(\.token) == [3, 1])
    }
  }
}

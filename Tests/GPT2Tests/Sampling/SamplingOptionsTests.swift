import Testing

@testable import GPT2

@Suite struct SamplingOptionsTests {
  @Test func `the defaults leave the model's distribution as it is`() throws {
    let options = SamplingOptions()
    try options.validate()
    #expect(options.temperature == 1)
    #expect(options.topK == 0)
    #expect(options.topP == 1)
    #expect(options.minP == 0)
    #expect(options.repetitionPenalty == 1)
    #expect(options.frequencyPenalty == 0)
    #expect(options.presencePenalty == 0)
    #expect(options.logitBias == [:])
    #expect(options.noRepeatNGram == 0)
    #expect(options.seed == 0)
    #expect(options.topLogProbabilities == 0)
  }

  @Test(
    "Values outside an option's range are refused by name",
    arguments: [
      (.temperature, -0.1), (.temperature, 2.01), (.temperature, .nan), (.temperature, .infinity),
      (.topK, -2), (.topP, -0.01), (.topP, 1.01), (.topP, .nan), (.minP, -0.01), (.minP, 2), (.minP, .nan),
      (.repetitionPenalty, 0), (.repetitionPenalty, 101), (.repetitionPenalty, .nan),
      (.frequencyPenalty, -2.01), (.frequencyPenalty, 2.5), (.frequencyPenalty, .nan),
      (.presencePenalty, -3), (.presencePenalty, .infinity), (.presencePenalty, .nan),
      (.logitBias, -101), (.logitBias, 100.5), (.logitBias, .nan), (.logitBias, -.infinity),
      (.noRepeatNGram, -2), (.topLogProbabilities, -1), (.topLogProbabilities, 101),
    ] as [(SamplingOptions.Name, Double)])
  func outOfRange(name: SamplingOptions.Name, value: Double) throws {
    let error = try #require(throws: SamplingError.self) { try options(name, value).validate() }
    guard case .optionOutOfRange(name, let found) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(found.bitPattern == value.bitPattern)
    #expect("\(error)".hasPrefix("\(name.rawValue) is "))
    #expect(throws: SamplingError.self) { try Sampler(options(name, value)) }
  }

  @Test("The ends of an option's range are in it", arguments: SamplingOptions.Name.allCases)
  func ends(name: SamplingOptions.Name) throws {
    try options(name, name.range.lowerBound).validate()
    try options(name, name.range.upperBound).validate()
  }

  @Test func `a message says what was found and what to give`() {
    #expect(
      "\(SamplingError.optionOutOfRange(.topP, found: 1.5))" == "top-p is 1.5; give a number from 0 to 1")
  }

  @Test func `more biases than the limit are refused, and of several the lowest token's is named`() throws {
    var options = SamplingOptions()
    let limit = SamplingOptions.logitBiasLimit
    options.logitBias = Dictionary(uniqueKeysWithValues: (0..<limit).map { ($0, 1) })
    try options.validate()
    options.logitBias[limit] = 1
    let error = SamplingError.tooManyBiases(1025, limit: 1024)
    #expect(throws: error) { try options.validate() }
    #expect("\(error)" == "logit-bias has 1025 tokens; give at most 1024")
    options.logitBias = [9: 900, 7: -700, 8: 800, 2: 1]
    #expect(throws: SamplingError.optionOutOfRange(.logitBias, found: -700)) { try options.validate() }
  }

  private func options(_ name: SamplingOptions.Name, _ value: Double) -> SamplingOptions {
    var options = SamplingOptions()
    switch name {
    case .temperature: options.temperature = value
    case .topK: options.topK = Int(value)
    case .topP: options.topP = value
    case .minP: options.minP = value
    case .repetitionPenalty: options.repetitionPenalty = value
    case .frequencyPenalty: options.frequencyPenalty = value
    case .presencePenalty: options.presencePenalty = value
    case .logitBias: options.logitBias = [3: 1, 5: Float(value)]
    case .noRepeatNGram: options.noRepeatNGram = Int(value)
    case .topLogProbabilities: options.topLogProbabilities = Int(value)
    }
    return options
  }
}

/// How the next token is chosen from the logits.
///
/// The steps apply in this order: logit bias, repetition penalty, frequency and presence penalty (vLLM's order), n-gram
/// block, temperature, top-k, top-p, min-p (that of Hugging Face's transformers). The defaults sample from the model's
/// distribution as it is.
public struct SamplingOptions: Hashable, Sendable {
  /// What the logits are divided by; 0 is greedy: the greatest logit, lowest id among equals. 0 … 2.
  ///
  /// Below 0.00001 the distribution has collapsed onto the greatest logit, and greedy is what happens.
  public var temperature: Double = 1
  /// Keep only this many of the most probable tokens; 0 and −1 keep all.
  public var topK: Int = 0
  /// Keep only the most probable tokens, as many as it takes for their probabilities to reach this sum; 1 keeps all.
  /// 0 … 1.
  public var topP: Double = 1
  /// Drop tokens less probable than this share of the most probable one; 0 drops none. 0 … 1.
  public var minP: Double = 0
  /// Divides positive and multiplies negative logits of the tokens in the sequence so far; 1 changes nothing.
  /// 0.01 … 100.
  public var repetitionPenalty: Double = 1
  /// Subtracted from the logit of a token for each time that it was generated; the prompt does not count. −2 … 2.
  public var frequencyPenalty: Double = 0
  /// Subtracted once from the logit of every token that was generated; the prompt does not count. −2 … 2.
  public var presencePenalty: Double = 0
  /// Added to the logits of these tokens, before all penalties; at most ``logitBiasLimit`` of −100 … 100 each.
  public var logitBias: [Int: Float] = [:]
  /// The only tokens that may come; none allows all.
  public var allowedTokens: Set<Int> = []
  /// Never complete a run of this many tokens that is in the sequence already; 0 blocks nothing.
  public var noRepeatNGram: Int = 0
  /// Names the stream of random numbers: number `position` of it decides the token at `position` of the sequence.
  public var seed: UInt64 = 0
  /// How many of the most probable tokens to report with each chosen one. 0 … 100.
  public var topLogProbabilities: Int = 0

  public init() {}

  /// Most tokens with a bias.
  public static let logitBiasLimit = 1024

  /// The options that have a range, named as the commands' flags are.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case temperature
    case topK = "top-k"
    case topP = "top-p"
    case minP = "min-p"
    case repetitionPenalty = "repetition-penalty"
    case frequencyPenalty = "frequency-penalty"
    case presencePenalty = "presence-penalty"
    case logitBias = "logit-bias"
    case noRepeatNGram = "no-repeat-ngram"
    case topLogProbabilities = "logprobs"

    /// The values that make sense, ends included; NaN is in no range.
    public var range: ClosedRange<Double> {
      switch self {
      case .temperature: 0...2
      case .topK: -1...Double(Int32.max)
      case .noRepeatNGram: 0...Double(Int32.max)
      case .topP, .minP: 0...1
      case .repetitionPenalty: 0.01...100
      case .frequencyPenalty, .presencePenalty: -2...2
      case .logitBias: -100...100
      case .topLogProbabilities: 0...100
      }
    }
  }

  /// Always the likeliest token.
  public static var greedy: SamplingOptions {
    var options = SamplingOptions()
    options.temperature = 0
    return options
  }

  /// Throws `SamplingError.optionOutOfRange` for the first option outside its range, `SamplingError.tooManyBiases`.
  public func validate() throws(SamplingError) {
    guard logitBias.count <= Self.logitBiasLimit else {
      throw .tooManyBiases(logitBias.count, limit: Self.logitBiasLimit)
    }
    for name in Name.allCases {
      guard let value = value(of: name) else { continue }
      guard name.range.contains(value) else { throw .optionOutOfRange(name, found: value) }
    }
  }

  /// Of the biases the one outside the range, of several that of the lowest token; nil when there is none.
  private func value(of name: Name) -> Double? {
    switch name {
    case .temperature: temperature
    case .topK: Double(topK)
    case .topP: topP
    case .minP: minP
    case .repetitionPenalty: repetitionPenalty
    case .frequencyPenalty: frequencyPenalty
    case .presencePenalty: presencePenalty
    case .logitBias:
      logitBias.filter { !name.range.contains(Double($0.value)) }.min { $0.key < $1.key }.map { Double($0.value) }
    case .noRepeatNGram: Double(noRepeatNGram)
    case .topLogProbabilities: Double(topLogProbabilities)
    }
  }

  /// Whether the token is the one with the greatest logit, so that no random number is drawn.
  var isGreedy: Bool { temperature < 1e-5 }
}

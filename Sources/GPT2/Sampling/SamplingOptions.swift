/// How the next token is chosen from the logits.
///
/// The steps apply in the order of Hugging Face's transformers: repetition penalty, n-gram block, temperature, top-k,
/// top-p, min-p. The defaults sample from the model's distribution as it is.
public struct SamplingOptions: Hashable, Sendable {
  /// What the logits are divided by; 0 is greedy: the greatest logit, lowest id among equals. 0 … 100.
  ///
  /// Below 0.00001 the distribution has collapsed onto the greatest logit, and greedy is what happens.
  public var temperature: Double = 1
  /// Keep only this many of the most probable tokens; 0 keeps all.
  public var topK: Int = 0
  /// Keep only the most probable tokens, as many as it takes for their probabilities to reach this sum; 1 keeps all.
  /// 0 … 1.
  public var topP: Double = 1
  /// Drop tokens less probable than this share of the most probable one; 0 drops none. 0 … 1.
  public var minP: Double = 0
  /// Divides positive and multiplies negative logits of the tokens in the sequence so far; 1 changes nothing.
  /// 0.01 … 100.
  public var repetitionPenalty: Double = 1
  /// Never complete a run of this many tokens that is in the sequence already; 0 blocks nothing.
  public var noRepeatNGram: Int = 0
  /// Names the stream of random numbers: number `position` of it decides the token at `position` of the sequence.
  public var seed: UInt64 = 0
  /// How many of the most probable tokens to report with each chosen one. 0 … 100.
  public var topLogProbabilities: Int = 0

  public init() {}

  /// The options that have a range, named as the commands' flags are.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case temperature
    case topK = "top-k"
    case topP = "top-p"
    case minP = "min-p"
    case repetitionPenalty = "repetition-penalty"
    case noRepeatNGram = "no-repeat-ngram"
    case topLogProbabilities = "logprobs"

    /// The values that make sense, ends included; NaN is in no range.
    public var range: ClosedRange<Double> {
      switch self {
      case .temperature: 0...100
      case .topK, .noRepeatNGram: 0...Double(Int32.max)
      case .topP, .minP: 0...1
      case .repetitionPenalty: 0.01...100
      case .topLogProbabilities: 0...100
      }
    }
  }

  /// Throws `SamplingError.optionOutOfRange` for the first option outside its range.
  public func validate() throws(SamplingError) {
    for name in Name.allCases {
      let value = value(of: name)
      guard name.range.contains(value) else { throw .optionOutOfRange(name, found: value) }
    }
  }

  private func value(of name: Name) -> Double {
    switch name {
    case .temperature: temperature
    case .topK: Double(topK)
    case .topP: topP
    case .minP: minP
    case .repetitionPenalty: repetitionPenalty
    case .noRepeatNGram: Double(noRepeatNGram)
    case .topLogProbabilities: Double(topLogProbabilities)
    }
  }

  /// Whether the token is the one with the greatest logit, so that no random number is drawn.
  var isGreedy: Bool { temperature < 1e-5 }
}

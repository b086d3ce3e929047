/// What sampling decided for one position, or scoring found there.
///
/// All log-probabilities are the model's own: log-softmax of the logits as they came, before penalties, temperature and
/// filters. They are what scoring the same text gives, and do not say how likely the sampler was to choose the token.
public struct SampledToken: Hashable, Sendable {
  public var token: Int
  public var logProbability: Float
  /// The most probable tokens, most probable first, lowest id first among equals; as many as the options ask for.
  public var top: [TokenLogProbability]
  /// How many tokens are at least as probable, itself included; nil unless it was asked for.
  public var rank: Int?

  public init(token: Int, logProbability: Float, top: [TokenLogProbability] = [], rank: Int? = nil) {
    self.token = token
    self.logProbability = logProbability
    self.top = top
    self.rank = rank
  }
}

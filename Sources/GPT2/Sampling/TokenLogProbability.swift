/// A token with the logarithm (base e) of the probability the model gave it.
public struct TokenLogProbability: Hashable, Sendable {
  public var token: Int
  public var logProbability: Float

  public init(token: Int, logProbability: Float) {
    self.token = token
    self.logProbability = logProbability
  }
}

internal import CKernels

/// What turns one row of logits into log-probabilities: log p(token) = logit − maximum − logSum.
///
/// Sampling and scoring both go through here, so a token's log-probability is the same number in either.
public struct LogProbabilities: Hashable, Sendable {
  /// The greatest logit.
  public let maximum: Float
  /// log Σ exp(logit − maximum), at least 0.
  public let logSum: Double

  /// The normaliser of `logits`, `[V]` with V ≥ 1; nil when one of them is NaN or +∞, or all are −∞.
  ///
  /// A single −∞ is a token that cannot come: its probability is 0.
  public init?(_ logits: Span<Float>, kernels: Kernels) {
    precondition(!logits.isEmpty, "no logits")
    let maximum = kernels.maximum(logits)
    guard maximum.isFinite else { return nil }
    self.maximum = maximum
    logSum = gpt2_log(kernels.sumOfExponentials(logits, minus: maximum))
  }

  /// The log-probability (nats) of a token with this logit of the row.
  public func logProbability(ofLogit logit: Float) -> Float {
    Float(Double(logit) - Double(maximum) - logSum)
  }

  /// How many tokens of the row have this logit or a greater one.
  public static func rank(ofLogit logit: Float, in logits: Span<Float>) -> Int {
    logits.withUnsafeBufferPointer { logits in logits.reduce(0) { $0 + ($1 >= logit ? 1 : 0) } }
  }

  /// The `count` most probable tokens of the row this was made from, most probable first, lowest id first among equals.
  ///
  /// Fewer when the row has fewer; tokens of probability 0 (logit −∞) are left out.
  public func top(_ count: Int, of logits: Span<Float>) -> [TokenLogProbability] {
    var top: [TokenLogProbability] = []
    for token in GreatestLogits(count, of: logits).tokensByLogit() {
      top.append(TokenLogProbability(token: token, logProbability: logProbability(ofLogit: logits[token])))
    }
    return top
  }
}

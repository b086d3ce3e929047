/// Changes to logits before anything is drawn.
///
/// A token's logit becomes what it does whatever happens to others, so the order of tokens plays no part.
enum LogitAdjustment {
  /// Adds to the logits of some tokens.
  static func bias(_ logits: inout [Float], by biases: [Int: Float]) {
    for (token, bias) in biases { logits[token] += bias }
  }

  /// Divides the positive logits of the tokens in `history` by `penalty` and multiplies the others by it, once for each
  /// token however often it is there (Keskar et al., "CTRL", 2019, as transformers applies it to negative logits).
  static func penalise(_ logits: inout [Float], repeating history: [Int], by penalty: Double) {
    let penalty = Float(penalty)
    // What a token's logit was before, so that the second time changes nothing.
    let original = logits
    for token in history {
      let logit = original[token]
      logits[token] = logit < 0 ? logit * penalty : logit / penalty
    }
  }

  /// Subtracts from the logit of every token in `generated`: `frequency` as often as it is there, `presence` once
  /// (as OpenAI's API defines them). Rounds once.
  static func penalise(
    _ logits: inout [Float], generated: some Sequence<Int>, frequency: Double, presence: Double
  ) {
    var counts: [Int: Int] = [:]
    for token in generated { counts[token, default: 0] += 1 }
    for (token, count) in counts {
      logits[token] = Float(Double(logits[token]) - (frequency * Double(count) + presence))
    }
  }

  /// Sets to −∞ the logit of every token but those in `allowed`.
  static func block(_ logits: inout [Float], except allowed: Set<Int>) {
    for token in logits.indices where !allowed.contains(token) { logits[token] = -.infinity }
  }

  /// Sets to −∞ the logit of every token that would complete a run of `size` tokens which `history` has already.
  ///
  /// One scan over the history with at most `size` comparisons at each place.
  static func block(_ logits: inout [Float], repeating history: [Int], runsOf size: Int) {
    guard size > 0, history.count >= size else { return }
    let suffix = history.count - (size - 1)
    for start in 0...(history.count - size) {
      var length = 0
      while length < size - 1, history[start + length] == history[suffix + length] { length += 1 }
      if length == size - 1 { logits[history[start + length]] = -.infinity }
    }
  }
}

/// Changes to logits that depend on the tokens of the sequence so far.
enum LogitAdjustment {
  /// Divides the positive logits of the tokens in `history` by `penalty` and multiplies the others by it, once for each
  /// token however often it is there (Keskar et al., "CTRL", 2019, as transformers applies it to negative logits).
  static func penalise(_ logits: inout [Float], repeating history: [Int], by penalty: Double, original: Span<Float>) {
    let penalty = Float(penalty)
    for token in history {
      // From the original logit, so that the second time changes nothing.
      let logit = original[token]
      logits[token] = logit < 0 ? logit * penalty : logit / penalty
    }
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

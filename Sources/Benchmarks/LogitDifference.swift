internal import GPT2

/// How one row of logits, or many, differ from others of the same text.
struct LogitDifference {
  /// Rows counted.
  private(set) var count = 0
  /// Sums of the negative log-probabilities of the tokens that came, in nats: the first's, and the second's.
  private(set) var nats = (0.0, 0.0)
  /// The largest difference of a logit.
  private(set) var largest = 0.0
  /// Sums of squares: of the differences, and of the first's logits.
  private(set) var squares = (difference: 0.0, first: 0.0)
  /// Rows whose likeliest token is the same; of equal logits the lowest token counts.
  private(set) var sameToken = 0

  /// Of no rows.
  init() {}

  /// Of one row.
  ///
  /// - Parameters:
  ///   - first: logits `[V]`
  ///   - second: logits `[V]` of the same position
  ///   - token: the one that came next
  /// - Returns: nil when a logit is not finite.
  init?(_ first: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>, token: Int, kernels: Kernels) {
    precondition(first.count == second.count && first.indices.contains(token))
    guard let one = LogProbabilities(first.span, kernels: kernels),
      let other = LogProbabilities(second.span, kernels: kernels)
    else { return nil }
    count = 1
    nats = (-Double(one.logProbability(ofLogit: first[token])), -Double(other.logProbability(ofLogit: second[token])))
    sameToken = first.firstIndex(of: one.maximum) == second.firstIndex(of: other.maximum) ? 1 : 0
    for index in 0..<first.count {
      let (a, b) = (Double(first[index]), Double(second[index]))
      largest = max(largest, abs(b - a))
      squares.difference += (b - a) * (b - a)
      squares.first += a * a
    }
  }

  /// What there would be if the first stood for both.
  var firstAlone: LogitDifference {
    var result = LogitDifference()
    (result.count, result.nats, result.sameToken) = (count, (nats.0, nats.0), count)
    result.squares.first = squares.first
    return result
  }

  /// Adds other rows.
  mutating func add(_ other: LogitDifference) {
    count += other.count
    nats = (nats.0 + other.nats.0, nats.1 + other.nats.1)
    largest = max(largest, other.largest)
    squares = (squares.difference + other.squares.difference, squares.first + other.squares.first)
    sameToken += other.sameToken
  }
}

extension WeightCost {
  /// - Parameters:
  ///   - configuration: the model's, its weights held as the type.
  ///   - difference: between F32 and the type, of at least one row.
  init(_ configuration: Configuration, _ difference: LogitDifference) {
    precondition(difference.count > 0)
    let rows = Double(difference.count)
    func ratio(_ part: Double, _ whole: Double) -> Double { part == 0 ? 0 : part / whole }
    self.init(
      weights: configuration.weights.name, weightBytes: configuration.weightBytes,
      crossEntropy: difference.nats.1 / rows,
      crossEntropyChange: ratio(difference.nats.1 - difference.nats.0, difference.nats.0),
      largestLogitDifference: difference.largest,
      logitDifference: ratio(difference.squares.difference, difference.squares.first).squareRoot(),
      sameTokenShare: Double(difference.sameToken) / rows)
  }
}

/// The tokens that may come next with their weights, a multiple of their probabilities, in order of token id.
///
/// What a filter drops keeps its place with weight 0.
struct Candidates {
  /// Token of each weight; nil when the index is the token.
  private let tokens: [Int]?
  private var weights: [Float]
  private let kernels: Kernels

  /// Sums are taken in blocks of this many weights, so that a draw walks through one block only.
  private static let blockLength = 512

  /// The candidates of a row of logits, divided by `temperature`: all, or when 0 < `topK` < V the `topK` greatest.
  ///
  /// Tokens of logit −∞ get the weight 0. Nil when a weight is not finite: the logits or the temperature are extreme.
  init?(_ logits: Span<Float>, maximum: Float, temperature: Double, topK: Int, kernels: Kernels) {
    self.kernels = kernels
    let scale = Float(1 / temperature)
    let shift = maximum * scale
    guard shift.isFinite else { return nil }
    if topK > 0, topK < logits.count {
      let greatest = GreatestLogits(topK, of: logits).tokensByID()
      var chosen: [Float] = []
      for token in greatest { chosen.append(logits[token]) }
      tokens = greatest
      weights = kernels.exponentials(chosen.span, scale: scale, shift: shift)
    } else {
      tokens = nil
      weights = kernels.exponentials(logits, scale: scale, shift: shift)
    }
    let total = blockSums().reduce(0, +)
    guard total.isFinite, total > 0 else { return nil }
  }

  /// Keeps the most probable candidates, as many as it takes to reach `share` of the whole.
  mutating func keep(topP share: Double) {
    let total = blockSums().reduce(0, +)
    let nucleus = Nucleus(of: weights.span, share: share, total: total)
    drop(below: nucleus.floor)
    var index = weights.count
    for _ in 0..<nucleus.surplus {
      repeat { index -= 1 } while weights[index] != nucleus.floor
      weights[index] = 0
    }
  }

  /// Drops the candidates less probable than `share` of the most probable one.
  mutating func keep(minP share: Double) {
    let exact = share * Double(kernels.maximum(weights.span))
    // Rounding must not lift the bound above a weight that meets it.
    let bound = Float(exact)
    drop(below: Double(bound) < exact ? bound.nextUp : bound)
  }

  private mutating func drop(below bound: Float) {
    weights.withUnsafeMutableBufferPointer { weights in
      for index in weights.indices { weights[index] = weights[index] < bound ? 0 : weights[index] }
    }
  }

  /// The token at which the sum of weights, in order of token id, passes `uniform`, in [0, 1), of the whole.
  func token(at uniform: Double) -> Int {
    let sums = blockSums()
    var target = uniform * sums.reduce(0, +)
    // Rounding can carry the target past the last weight; then that one is meant.
    guard let last = sums.lastIndex(where: { $0 > 0 }) else { preconditionFailure("no weight above 0") }
    var block = 0
    while block < last, target >= sums[block] {
      target -= sums[block]
      block += 1
    }
    var chosen = 0
    for index in range(ofBlock: block) where weights[index] > 0 {
      chosen = index
      target -= Double(weights[index])
      if target < 0 { break }
    }
    return tokens?[chosen] ?? chosen
  }

  private func range(ofBlock block: Int) -> Range<Int> {
    let start = block * Self.blockLength
    return start..<min(start + Self.blockLength, weights.count)
  }

  /// Sum of each block of weights, in eight lanes that are then added in order.
  private func blockSums() -> [Double] {
    weights.withUnsafeBufferPointer { weights in
      stride(from: 0, to: weights.count, by: Self.blockLength).map { start in
        let end = min(start + Self.blockLength, weights.count)
        var lanes = SIMD8<Double>()
        var index = start
        while index + 8 <= end {
          for lane in 0..<8 { lanes[lane] += Double(weights[index + lane]) }
          index += 8
        }
        var sum = 0.0
        for lane in 0..<8 { sum += lanes[lane] }
        while index < end {
          sum += Double(weights[index])
          index += 1
        }
        return sum
      }
    }
  }
}

import TestSupport

extension SeededNumbers {
  /// `count` logits spread over a few units round `centre`; in steps of `step` when given, so that many are equal.
  mutating func logits(_ count: Int, centre: Float = -3, step: Float? = nil) -> [Float] {
    (0..<count).map { _ in
      let sum = (0..<6).reduce(Float(0)) { total, _ in total + Float.random(in: -1.5..<1.5, using: &self) }
      guard let step else { return centre + sum }
      return centre + (sum / step).rounded() * step
    }
  }
}

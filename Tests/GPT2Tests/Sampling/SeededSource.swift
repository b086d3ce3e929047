@testable import GPT2

/// Random test inputs that are the same in every run.
struct SeededSource: RandomNumberGenerator {
  private let seed: UInt64
  private var position: UInt64 = 0

  init(_ seed: UInt64) { self.seed = seed }

  mutating func next() -> UInt64 {
    // Apart from the stream the sampler draws from, so that a test's inputs tell nothing of its draws.
    let words = CounterBasedGenerator.block(
      counter: SIMD4(UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32), 1, 0),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    position += 1
    return UInt64(words[1]) << 32 | UInt64(words[0])
  }

  /// `count` logits spread over a few units round `centre`; in steps of `step` when given, so that many are equal.
  mutating func logits(_ count: Int, centre: Float = -3, step: Float? = nil) -> [Float] {
    (0..<count).map { _ in
      let sum = (0..<6).reduce(Float(0)) { total, _ in total + Float.random(in: -1.5..<1.5, using: &self) }
      guard let step else { return centre + sum }
      return centre + (sum / step).rounded() * step
    }
  }
}

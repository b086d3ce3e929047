/// Inputs without pattern that are the same in every run (SplitMix64: Steele, Lea and Flood 2014).
struct SeededInputs: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Evenly spread over −scale … scale; all bits of the significand are in use, so that sums and products round.
  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in (Float(next() >> 40) * 0x1p-23 - 1) * scale }
  }

  mutating func integer(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// Cuts `count` into parts of 1 … `longest`.
  mutating func parts(of count: Int, longest: Int) -> [Int] {
    var (parts, left) = ([Int](), count)
    while left > 0 {
      parts.append(min(left, integer(in: 1...longest)))
      left -= parts.last!
    }
    return parts
  }
}

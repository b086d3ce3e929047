/// Random numbers that are the same in every run (SplitMix64: Steele, Lea and Flood 2014).
public struct SeededNumbers: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(_ seed: Int) { self.init(UInt64(truncatingIfNeeded: seed)) }

  public init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mixed(state)
  }

  public mutating func number(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }

  public mutating func below(_ bound: Int) -> Int { number(0...(bound - 1)) }

  public mutating func chance(oneIn count: Int) -> Bool { number(1...count) == 1 }

  /// From 0 up to but not including 1.
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Evenly spread over −scale … scale; all bits of the significand are in use, so that sums and products round.
  public mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in (Float(next() >> 40) * 0x1p-23 - 1) * scale }
  }

  /// Cuts `count` into parts of 1 … `longest`.
  public mutating func parts(of count: Int, longest: Int) -> [Int] {
    var (parts, left) = ([Int](), count)
    while left > 0 {
      parts.append(min(left, number(1...longest)))
      left -= parts.last!
    }
    return parts
  }
}

/// The finaliser of SplitMix64: a number without pattern for each.
public func mixed(_ value: UInt64) -> UInt64 {
  var value = value
  value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
  value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
  return value ^ value >> 31
}

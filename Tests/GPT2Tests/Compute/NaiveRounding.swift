public import Testing

@testable public import GPT2

extension WeightType: CustomTestStringConvertible {
  public var testDescription: String { rawValue }

  /// Types that are widened as they are read: a product is the same function of the elements with each.
  static let widened: [WeightType] = [.f32, .bf16, .f16]

  /// Bits behind the binary point, the least exponent of a number that has all of them, and the largest number.
  private var format: (fractionBits: Int, leastExponent: Int, largest: Float) {
    switch self {
    case .f32, .int8: (23, -126, .greatestFiniteMagnitude)
    case .bf16: (7, -126, 0x1.FEp127)
    case .f16: (10, -14, 65504)
    }
  }

  var largest: Float { format.largest }

  /// What the type makes of a number that it can hold, by the definition: the nearest of its numbers, and of two as near the one
  /// whose last bit is 0.
  func rounded(_ x: Float) -> Float {
    guard x != 0, self != .f32 else { return x }
    precondition(self != .int8, "a number alone is not rounded")
    let (fractionBits, leastExponent, _) = format
    // All of it is exact in double precision.
    let exponent = max(Int(Double(x).exponent), leastExponent)
    let unit = Double(sign: .plus, exponent: exponent - fractionBits, significand: 1)
    return Float((Double(x) / unit).rounded(.toNearestOrEven) * unit)
  }
}

/// Where top-p cuts: the smallest set of greatest weights that together reach a share of the whole.
///
/// A weight belongs to it while the weights before it, greatest first and lowest index first among equals, sum to less
/// than the share; so the first always does. Found digit by digit of the weights' bit patterns, which for numbers that
/// are not negative order as the numbers do: linear whatever the distribution, and nothing is sorted.
struct Nucleus: Hashable {
  /// Weights above this one belong to the nucleus, those below do not.
  private(set) var floor: Float
  /// How many weights equal to `floor`, the last ones by index, do not belong to it.
  private(set) var surplus: Int

  /// The nucleus of `weights`, finite and at least 0, that holds `share`, in 0 ..< 1, of their sum `total` > 0.
  init(of weights: Span<Float>, share: Double, total: Double) {
    // A weight w of the nucleus and what comes after it, at most V weights of at most w, hold more than what the
    // nucleus does not: V·w > (1 − share)·total. That rules most weights out; a little less, for the total is rounded.
    let bound = Float((1 - share) * total / Double(weights.count) * 0.999)
    var search = Search(mass: share * total)
    var rest = weights.withUnsafeBufferPointer { weights in
      let digit = search.narrow(weights, from: bound, shift: 21, width: 11)
      return weights.filter { $0.bitPattern >> 21 == digit && $0 > 0 }
    }
    for (shift, width) in [(10, 11), (0, 10)] as [(UInt32, UInt32)] {
      let prefix = rest.withUnsafeBufferPointer { search.narrow($0, from: 0, shift: shift, width: width) }
      rest.removeAll { $0.bitPattern >> shift != prefix }
    }
    floor = rest[0]
    // What is missing may be a little more than what is there, when the share is all of it but for rounding.
    let missing = ((search.mass - search.above) / Double(floor)).rounded(.up)
    surplus = missing < Double(rest.count) ? rest.count - max(1, Int(missing)) : 0
  }
}

/// The search for the bit pattern at which the weights, greatest first, sum up to a mass.
private struct Search {
  let mass: Double
  /// Sum of the weights whose pattern is above that found so far.
  private(set) var above = 0.0
  /// The digits found so far.
  private var prefix: UInt32 = 0

  init(mass: Double) { self.mass = mass }

  /// Finds the digit of `width` bits at `shift`, given the weights that have the digits found so far; returns all
  /// digits.
  ///
  /// When rounding keeps the sum of all below the mass, it is the last digit with any weight.
  mutating func narrow(
    _ weights: UnsafeBufferPointer<Float>, from bound: Float, shift: UInt32, width: UInt32
  ) -> UInt32 {
    let mask: UInt32 = 1 << width - 1
    var sums = [Double](repeating: 0, count: 1 << width)
    sums.withUnsafeMutableBufferPointer { sums in
      for weight in weights where weight >= bound { sums[Int(weight.bitPattern >> shift & mask)] += Double(weight) }
    }
    var last = (digit: 0, above: above)
    for digit in sums.indices.reversed() where sums[digit] > 0 {
      last = (digit, above)
      if above + sums[digit] >= mass { break }
      above += sums[digit]
    }
    above = last.above
    prefix = prefix << width | UInt32(last.digit)
    return prefix
  }
}

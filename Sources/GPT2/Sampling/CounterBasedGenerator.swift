/// Random numbers as a pure function of (seed, position): Philox 4×32 with 10 rounds.
///
/// There is no state to keep, hand over or lose: a sequence that is replayed on another machine draws the same numbers,
/// however its work was batched. From Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
/// (SC'11).
public enum CounterBasedGenerator {
  /// A number in [0, 1), a multiple of 2⁻⁵³, for `position` of the stream that `seed` names.
  ///
  /// The seed is the key, the position the low half of the counter; words 0 (low) and 1 (high) of the block give the
  /// bits.
  public static func uniform(seed: UInt64, position: UInt64) -> Double {
    let words = block(
      counter: SIMD4(UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32), 0, 0),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    let bits = UInt64(words[1]) << 32 | UInt64(words[0])
    return Double(bits >> 11) * 0x1p-53
  }

  /// One block of the cipher: four words from a 128-bit counter and a 64-bit key, word 0 the lowest.
  static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var counter = counter
    var key = key
    for round in 0..<10 {
      // The key schedule is a Weyl sequence: the golden ratio and √3 − 1, as 32-bit fractions.
      if round > 0 { key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
      let even = counter[0].multipliedFullWidth(by: 0xD251_1F53)
      let odd = counter[2].multipliedFullWidth(by: 0xCD9E_8D57)
      counter = SIMD4(odd.high ^ counter[1] ^ key[0], odd.low, even.high ^ counter[3] ^ key[1], even.low)
    }
    return counter
  }
}

import Testing

@testable import GPT2

@Suite struct CounterBasedGeneratorTests {
  /// The known answers for `philox4x32 10` published with Random123.
  @Test(
    "A block is Philox 4×32-10",
    arguments: [
      ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], [UInt32], [UInt32])])
  func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
    let words = CounterBasedGenerator.block(counter: SIMD4(counter), key: SIMD2(key))
    #expect(words == SIMD4(expected))
  }

  @Test func `seed and position are the low words of key and counter`() {
    let high: UInt64 = 0xe169_c58d_6627_e8d5
    #expect(CounterBasedGenerator.uniform(seed: 0, position: 0) == Double(high >> 11) * 0x1p-53)

    let seed: UInt64 = 0x299f_31d0_a409_3822
    let position: UInt64 = 0x85a3_08d3_243f_6a88
    let words = CounterBasedGenerator.block(
      counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0, 0), key: SIMD2(0xa409_3822, 0x299f_31d0))
    let bits = UInt64(words[1]) << 32 | UInt64(words[0])
    #expect(CounterBasedGenerator.uniform(seed: seed, position: position) == Double(bits >> 11) * 0x1p-53)
  }

  @Test func `numbers are at least 0 and below 1, and spread evenly`() {
    var counts = [Int](repeating: 0, count: 16)
    for position in 0..<16_000 {
      let number = CounterBasedGenerator.uniform(seed: 7, position: UInt64(position))
      #expect(number >= 0 && number < 1)
      counts[Int(number * 16)] += 1
    }
    // 15 degrees of freedom: above 37.7 once in a thousand seeds.
    let chiSquare = counts.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
    #expect(chiSquare < 37.7)
  }

  @Test func `neighbouring seeds and positions give unrelated numbers`() {
    var seen: Set<Double> = []
    for seed in 0..<64 {
      for position in 0..<64 {
        seen.insert(CounterBasedGenerator.uniform(seed: UInt64(seed), position: UInt64(position)))
      }
    }
    #expect(seen.count == 64 * 64)
  }
}

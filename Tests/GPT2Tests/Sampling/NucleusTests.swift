import TestSupport
import Testing

@testable import GPT2

@Suite struct NucleusTests {
  @Test("The nucleus is that of a full sort", arguments: [0, 0.001, 0.3, 0.5, 0.9, 0.999, 0.999_999])
  func matchesSort(share: Double) {
    var source = SeededNumbers(21)
    for round in 0..<60 {
      // Of few different weights, of many, and of such that differ in the last bits only.
      let weights: [Float] = (0..<Int.random(in: 1...400, using: &source)).map { _ in
        switch round % 4 {
        case 0: Float(Int.random(in: 0...4, using: &source)) / 4
        case 1: Float.random(in: 0..<1, using: &source)
        case 2: Float(bitPattern: 0x3F00_0000 + UInt32.random(in: 0..<50, using: &source))
        default: Float(bitPattern: UInt32.random(in: 0..<0x3F80_0000, using: &source))
        }
      }
      let total = weights.reduce(0) { $0 + Double($1) }
      guard total > 0 else { continue }
      let sorted = weights.indices.sorted {
        weights[$0] > weights[$1] || (weights[$0] == weights[$1] && $0 < $1)
      }
      var expected: Set<Int> = []
      var before = 0.0
      for index in sorted where weights[index] > 0 && (expected.isEmpty || before < share * total) {
        expected.insert(index)
        before += Double(weights[index])
      }
      let nucleus = Nucleus(of: weights.span, share: share, total: total)
      var kept = weights.indices.filter { weights[$0] > nucleus.floor }
      kept += weights.indices.filter { weights[$0] == nucleus.floor }.dropLast(nucleus.surplus)
      #expect(Set(kept) == expected)
    }
  }

  @Test func `a share lost to rounding takes all there is`() {
    let weights: [Float] = [0.25, 0, 0.5, 0.25]
    let nucleus = Nucleus(of: weights.span, share: 0.999_999_999, total: 1.1)
    #expect(nucleus.floor == 0.25)
    #expect(nucleus.surplus == 0)
  }
}

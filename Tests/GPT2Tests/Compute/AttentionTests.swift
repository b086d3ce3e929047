import CKernels
import Foundation
import TestSupport
import Testing

@testable import GPT2

@Suite("Attention")
struct AttentionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var headWidth: Int
    var start: Int
    var rows: Int
    var scale: Float
    var testDescription: String { "D \(headWidth), \(rows) rows from \(start), scale \(scale)" }

    init(_ headWidth: Int, _ start: Int, _ rows: Int, _ scale: Float) {
      (self.headWidth, self.start, self.rows, self.scale) = (headWidth, start, rows, scale)
    }
  }

  /// Around the borders of tiles (6 rows), lanes (16), panels of keys and of the head's width (16, 64).
  private static let shapes: [Shape] =
    (1...14).map { Shape(5, 0, $0, 0.4) }
    + [1, 7, 15, 16, 17, 24, 40, 63, 64, 65, 80, 128].map { Shape($0, 13, 8, 1 / Float($0).squareRoot()) }
    + [1, 9, 10, 14, 15, 16, 17, 47, 48, 57, 58, 62, 63, 64, 65, 121, 127, 128, 129].map { Shape(6, $0, 7, 0.5) }
    + [Shape(16, 0, 131, 0.25), Shape(3, 300, 1, 0.6), Shape(20, 0, 20, 30), Shape(9, 90, 5, 0.001)]

  @Test("equals its naive twin to the bit on every instruction set, and the formula nearly", arguments: shapes)
  func equalsTwin(shape: Shape) throws {
    let naive = NaiveAttention(
      headWidth: shape.headWidth, start: shape.start, rows: shape.rows, scale: shape.scale, seed: shape.start)
    let expected = naive.chains(exponential: try .portable)
    // Values are below 3. A score that is off by what its chain rounds away is off in proportion after the exponential.
    let tolerance = 3 * (2e-6 + Double(shape.scale) * Double(shape.headWidth) * 4 * 0x1p-22)
    for (found, exact) in zip(expected, naive.exact(exp: Foundation.exp)) {
      #expect((Double(found) - exact).magnitude <= tolerance)
    }
    for kernels in Kernels.available {
      let attention = KernelAttention(naive, positions: shape.start + shape.rows, kernels: kernels)
      attention.run(rows: 0..<shape.rows)
      #expect(BitDifference(attention.out.values, expected) == nil, "\(kernels.name)")
      #expect(attention.isIntact, "\(kernels.name)")
    }
  }

  @Test("does not depend on how rows are shared out, nor on room behind them", arguments: Kernels.available)
  func parts(kernels: Kernels) {
    let naive = NaiveAttention(headWidth: 23, start: 37, rows: 95, scale: 0.2, seed: 8)
    let whole = KernelAttention(naive, positions: 132, kernels: kernels)
    whole.run(rows: 0..<95)
    var inputs = SeededNumbers(3)
    for longest in [1, 2, 5, 6, 7, 48, 95] {
      let parts = KernelAttention(naive, positions: 132 + longest * 9, kernels: kernels)
      var begin = 0
      for count in inputs.parts(of: 95, longest: longest) {
        parts.run(rows: begin..<begin + count)
        begin += count
      }
      #expect(BitDifference(parts.out.values, whole.out.values) == nil, "parts of up to \(longest)")
      #expect(parts.isIntact)
    }
  }

  /// Scores of some 10⁹: the greatest takes all, and nothing overflows.
  @Test("stays finite for scores as large as they come")
  func hugeScores() throws {
    let naive = NaiveAttention(headWidth: 16, start: 0, rows: 20, scale: 3e8, seed: 9)
    for kernels in Kernels.available {
      #expect(naive.chains(exponential: kernels).allSatisfy { $0.magnitude <= 3 })
    }
    let expected = naive.chains(exponential: try .portable)
    for kernels in Kernels.available {
      let attention = KernelAttention(naive, positions: 20, kernels: kernels)
      attention.run(rows: 0..<20)
      #expect(BitDifference(attention.out.values, expected) == nil, "\(kernels.name)")
    }
  }
}

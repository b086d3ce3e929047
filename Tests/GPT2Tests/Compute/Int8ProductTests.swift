import TestSupport
import Testing

@testable import GPT2

/// INT8 where its blocks are not as usual; ProductTests has the sizes.
@Suite("Matrix product of INT8")
struct Int8ProductTests {
  /// What a block may hold, for activations and weights alike.
  enum Content: String, CaseIterable, Sendable {
    case usual, zeros, negativeZeros, oneOutlier, allOutliers, tiny, aroundTiny, subnormal, equal, halves, large
  }

  private static func numbers(_ content: Content, _ count: Int, _ inputs: inout SeededNumbers) -> [Float] {
    switch content {
    case .usual: return inputs.floats(count)
    case .zeros: return Array(repeating: 0, count: count)
    case .negativeZeros: return Array(repeating: -0.0, count: count)
    case .oneOutlier:
      var numbers = inputs.floats(count, scale: 1e-3)
      numbers[inputs.below(count)] = 1e30
      return numbers
    case .allOutliers: return inputs.floats(count, scale: 1e15)
    case .tiny: return inputs.floats(count, scale: 0x1p-121)
    // The largest is just below, at, or just above the least that has a scale.
    case .aroundTiny:
      let most = [(0x1p-120 as Float).nextDown, 0x1p-120, (0x1p-120 as Float).nextUp][inputs.below(3)]
      return inputs.floats(count - 1, scale: 0x1p-121) + [inputs.chance(oneIn: 2) ? most : -most]
    case .subnormal: return inputs.floats(count, scale: 0x1p-130)
    case .equal: return Array(repeating: inputs.floats(1)[0], count: count)
    // Halfway between numbers, where the scale is 1.
    case .halves: return (0..<count - 1).map { Float($0 % 127) - 63.5 } + [127]
    case .large: return inputs.floats(count, scale: 1e18)
    }
  }

  /// `[count, inner]`, each block of a vector of another kind.
  private static func vectors(
    _ count: Int, inner: Int, of contents: [Content], _ inputs: inout SeededNumbers
  ) -> [Float] {
    (0..<count).flatMap { vector in
      stride(from: 0, to: inner, by: NaiveBlocks.length).flatMap { begin in
        let content = contents[(vector + begin / NaiveBlocks.length) % contents.count]
        return numbers(content, min(NaiveBlocks.length, inner - begin), &inputs)
      }
    }
  }

  private static func product(
    rows: Int, inner: Int, columns: Int, _ left: [Content], _ right: [Content]
  ) -> NaiveProduct {
    var inputs = SeededNumbers(rows + inner)
    let a = vectors(rows, inner: inner, of: left, &inputs)
    let stored = vectors(columns, inner: inner, of: right, &inputs)
    let b = (0..<inner * columns).map { stored[$0 % columns * inner + $0 / columns] }
    return NaiveProduct(rows: rows, inner: inner, columns: columns, a: a, b: b, bias: inputs.floats(columns))
  }

  @Test(
    "equals its naive twin whatever the blocks of rows and columns hold", arguments: Content.allCases, Content.allCases)
  func contents(left: Content, right: Content) {
    for (rows, inner, columns) in [(1, 64, 33), (8, 200, 40)] {
      let naive = Self.product(rows: rows, inner: inner, columns: columns, [left], [right])
      let expected = naive.expected(as: .int8)
      for kernels in Kernels.available {
        let product = KernelProduct(naive, as: .int8, kernels: kernels)
        product.run()
        // Outliers times outliers are more than fp32 has, and make a NaN of one kind or another.
        let found = zip(product.c.values, expected).map { $0.isNaN && $1.isNaN ? $1 : $0 }
        #expect(BitDifference(found, expected) == nil, "\(kernels.name), \(rows) rows")
      }
    }
  }

  @Test("equals it where neighbouring blocks are of all kinds", arguments: [1, 6, 19], [63, 500, 1290])
  func mixed(rows: Int, inner: Int) {
    // Beside outliers of one side such that their products are still numbers.
    let tame: [Content] = [.usual, .zeros, .halves, .tiny, .equal, .aroundTiny, .negativeZeros, .subnormal]
    let naive = Self.product(rows: rows, inner: inner, columns: 45, Content.allCases, tame)
    let expected = naive.expected(as: .int8)
    #expect(expected.allSatisfy { $0.isFinite })
    for kernels in Kernels.available {
      let product = KernelProduct(naive, as: .int8, kernels: kernels)
      product.run()
      #expect(BitDifference(product.c.values, expected) == nil, "\(kernels.name)")
    }
  }

  @Test("adds up the largest numbers exactly", arguments: [64, 640], [1, -1] as [Float])
  func largest(inner: Int, sign: Float) {
    let naive = NaiveProduct(
      rows: 7, inner: inner, columns: 70, a: Array(repeating: 127, count: 7 * inner),
      b: Array(repeating: 127 * sign, count: inner * 70), bias: nil)
    for kernels in Kernels.available {
      let product = KernelProduct(naive, as: .int8, kernels: kernels)
      product.run()
      #expect(product.c.values.allSatisfy { $0 == 127 * 127 * sign * Float(inner) }, "\(kernels.name)")
    }
  }

  /// Each row and column is of another size: one taken for another would be far off.
  @Test("is as near to the product of F32 as its steps allow")
  func nearness() {
    let (rows, inner, columns) = (9, 700, 30)
    var inputs = SeededNumbers(3)
    let a = (0..<rows).flatMap { inputs.floats(inner, scale: 0x1p-9 * Float(1 << (2 * $0))) }
    let b = (0..<inner).flatMap { _ in (0..<columns).map { inputs.floats(1, scale: 0x1p-15 * Float(1 << $0))[0] } }
    let naive = NaiveProduct(rows: rows, inner: inner, columns: columns, a: a, b: b, bias: nil)
    let (found, expected) = (naive.expected(as: .int8), naive.chains)
    for index in found.indices {
      // Of elements below 1, half a step is 1 / 254, and some 700 such errors of both sides mostly cancel.
      let scale = 0x1p-24 * Float(1 << (2 * (index / columns) + index % columns))
      #expect((found[index] - expected[index]).magnitude < 0.3 * scale)
    }
  }
}

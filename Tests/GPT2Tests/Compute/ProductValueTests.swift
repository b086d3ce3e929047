import TestSupport
import Testing

@testable import GPT2

/// Products of numbers that are out of the ordinary.
@Suite("Matrix product of unusual numbers")
struct ProductValueTests {
  @Test("keeps −0, infinity and NaN as the chain makes them", arguments: Kernels.available)
  func specialValues(kernels: Kernels) {
    // One column a case, in two panels and a partial one.
    let cases: [(a: [Float], b: [Float], bias: Float, expected: Float)] = [
      ([-0.0, 1], [1, -0.0], -0.0, -0.0), ([-0.0, 1], [1, 0], -0.0, 0), ([1, 1], [.infinity, 1], 0, .infinity),
      ([1, 1], [.infinity, -.infinity], 0, .nan), ([0, 1], [.infinity, 1], 0, .nan), ([1, 2], [3, 4], .nan, .nan),
      ([1e20, 1e-20], [1e20, 1], -1, .infinity), ([0x1p-100, 0], [0x1p-49, 1], 0, 0x1p-149),
    ]
    let columns = 2 * kernels.panelWidth + 1
    for example in cases {
      let naive = NaiveProduct(
        rows: 1, inner: 2, columns: columns, a: example.a,
        b: example.b.flatMap { Array(repeating: $0, count: columns) },
        bias: Array(repeating: example.bias, count: columns))
      let product = KernelProduct(naive, kernels: kernels)
      product.run()
      for value in product.c.values {
        #expect(example.expected.isNaN ? value.isNaN : value.bitPattern == example.expected.bitPattern)
      }
    }
  }

  @Test(
    "is the same with BF16 and F16 as with F32, where their numbers are, the smallest and the largest among them",
    arguments: [WeightType.bf16, .f16], [1, 2, 6, 50])
  func widened(type: WeightType, rows: Int) {
    let (inner, columns) = (389, 133)
    var inputs = SeededNumbers(rows)
    // Magnitudes of all sizes: any bits that are a number of the type.
    let b = (0..<inner * columns).map { _ in
      let bits = UInt32(truncatingIfNeeded: inputs.next())
      let number = Float(bitPattern: type == .bf16 ? bits & 0xFFFF_0000 : bits & 0x8FFF_E000 | 0x3000_0000)
      return number.magnitude <= type.largest ? type.rounded(number) : inputs.chance(oneIn: 2) ? 0 : type.largest
    }
    let naive = NaiveProduct(
      rows: rows, inner: inner, columns: columns, a: inputs.floats(rows * inner, scale: 1e-3), b: b, bias: nil)
    #expect(BitDifference(b.map(type.rounded), b) == nil)
    #expect(Set(b.map(\.exponent)).count > 15)
    for kernels in Kernels.available {
      let products = [WeightType.f32, type].map { KernelProduct(naive, as: $0, kernels: kernels) }
      for product in products { product.run() }
      #expect(BitDifference(products[1].c.values, products[0].c.values) == nil, "\(kernels.name)")
    }
  }

  @Test("lets a NaN or an infinity reach its whole row, and no other", arguments: WeightType.allCases, [1, 5, 13])
  func notFinite(type: WeightType, rows: Int) {
    let (inner, columns) = (150, 70)
    let clean = NaiveProduct(rows: rows, inner: inner, columns: columns, hasBias: true, seed: 9)
    let expected = clean.expected(as: type)
    for value in [Float.nan, .infinity, -.infinity, .signalingNaN] {
      // In a whole block, at a border, and in the last one, which is filled up.
      for (row, k) in [(0, 0), (rows - 1, 64), (rows / 2, 149)] {
        var a = clean.a
        a[row * inner + k] = value
        let naive = NaiveProduct(rows: rows, inner: inner, columns: columns, a: a, b: clean.b, bias: clean.bias)
        for kernels in Kernels.available {
          let product = KernelProduct(naive, as: type, kernels: kernels)
          product.run()
          var found = product.c.values
          let place = row * columns..<(row + 1) * columns
          #expect(found[place].allSatisfy { !$0.isFinite }, "\(kernels.name), \(value) at \(k)")
          found.replaceSubrange(place, with: expected[place])
          #expect(BitDifference(found, expected) == nil, "\(kernels.name), \(value) at \(k)")
        }
      }
    }
  }
}

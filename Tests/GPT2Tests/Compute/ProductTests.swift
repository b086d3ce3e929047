import CKernels
import TestSupport
import Testing

@testable import GPT2

@Suite("Matrix product")
struct ProductTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var rows: Int
    var inner: Int
    var columns: Int
    var testDescription: String { "\(rows)×\(inner)×\(columns)" }

    init(_ rows: Int, _ inner: Int, _ columns: Int) { (self.rows, self.inner, self.columns) = (rows, inner, columns) }
  }

  /// Around the borders of tiles (6 rows), of rows from which on the next piece is fetched (5), pieces (192, 384 inner indices),
  /// row blocks (192), inner blocks (as many pieces as fit, packed, beside each other: 384 of 192 rows, 1152 of 64), panels (16,
  /// 64), and of the four panels that one row walks side by side.
  private static let shapes: [Shape] =
    (1...40).map { Shape($0, 19, 70) }
    + [1, 2, 3, 4, 5, 191, 192, 193, 256, 383, 384, 385, 767, 768, 769].flatMap {
      [Shape(4, $0, 21), Shape(5, $0, 21), Shape(7, $0, 70), Shape(13, $0, 21), Shape(20, $0, 133)]
    }
    + [1, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200].flatMap { [Shape(3, 11, $0), Shape(9, 11, $0)] }
    + [63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 530].map { Shape(1, 390, $0) }
    + [
      Shape(64, 1151, 20), Shape(64, 1152, 20), Shape(64, 1153, 70), Shape(65, 768, 20), Shape(65, 769, 70),
      Shape(65, 960, 20), Shape(65, 961, 20), Shape(24, 3073, 20), Shape(12, 6150, 20),
    ]
    + [Shape(191, 40, 65), Shape(192, 400, 20), Shape(193, 385, 33), Shape(385, 40, 17), Shape(400, 386, 18)]

  @Test("equals its naive twin to the bit on every instruction set, for every shape", arguments: shapes)
  func equalsTwin(shape: Shape) throws {
    for hasBias in [true, false] {
      let naive = NaiveProduct(
        rows: shape.rows, inner: shape.inner, columns: shape.columns, hasBias: hasBias, seed: shape.rows)
      let expected = naive.chains
      #expect(naive.distance(of: expected) < 1)
      var inputs = SeededNumbers(99)
      let residual = inputs.floats(expected.count, scale: 10)
      for kernels in Kernels.available {
        let product = KernelProduct(naive, kernels: kernels)
        product.run()
        #expect(BitDifference(product.c.values, expected) == nil, "\(kernels.name)")
        #expect(product.c.isIntact, "\(kernels.name)")

        let adding = KernelProduct(naive, residual: residual, kernels: kernels)
        adding.run()
        #expect(BitDifference(adding.residual!.values, zip(residual, expected).map(+)) == nil, "\(kernels.name)")
        #expect(adding.residual!.isIntact && adding.c.isIntact, "\(kernels.name)")
      }
    }
  }

  /// Rows of one inner block; and up to more than a row block, of several.
  @Test(
    "writes the rows and panels it is given, and no others", arguments: Kernels.available,
    [Shape(47, 389, 40), Shape(210, 1200, 12)])
  func parts(kernels: Kernels, shape: Shape) {
    // The shape's columns are how many ranges are tried.
    let naive = NaiveProduct(
      rows: shape.rows, inner: shape.inner, columns: 4 * kernels.panelWidth + 3, hasBias: true, seed: 4)
    let whole = KernelProduct(naive, kernels: kernels)
    whole.run()
    var inputs = SeededNumbers(5)
    for attempt in 0..<shape.columns {
      // Of many rows some ranges are more than a block.
      let least = shape.rows < 64 ? 0 : [0, 65, 193][attempt % 3]
      let rowBegin = inputs.number(0...(shape.rows - max(1, least)))
      let panelBegin = inputs.number(0...4)
      let rows = rowBegin..<inputs.number((rowBegin + least)...shape.rows)
      let panels = panelBegin..<inputs.number(panelBegin...5)
      let part = KernelProduct(naive, kernels: kernels)
      part.run(rows: rows, panels: panels)
      let columns = panels.lowerBound * kernels.panelWidth..<panels.upperBound * kernels.panelWidth
      let expected = whole.c.values.enumerated().map { index, value in
        rows.contains(index / naive.columns) && columns.contains(index % naive.columns) ? value : PaddedRows.guardValue
      }
      #expect(BitDifference(part.c.values, expected) == nil, "rows \(rows), panels \(panels)")
      #expect(part.c.isIntact)
    }
  }

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
}

/// A naive product's operands as a kernel takes them.
final class KernelProduct {
  let c: PaddedRows
  let residual: PaddedRows?
  private let naive: NaiveProduct
  private let kernels: Kernels
  private let a: PaddedRows
  private let panels: PaddedRows
  private let bias: PaddedRows?

  init(_ naive: NaiveProduct, residual: [Float]? = nil, kernels: Kernels) {
    (self.naive, self.kernels) = (naive, kernels)
    a = PaddedRows(naive.a, rowCount: naive.rows, width: naive.inner, padding: 3)
    panels = PaddedRows(width: Self.panelCount(naive, kernels) * kernels.panelWidth * naive.inner)
    gpt2_pack_rows(naive.b, 0, naive.inner, naive.inner, naive.columns, kernels.panelWidth, panels.base)
    bias = naive.bias.map { PaddedRows($0) }
    c = PaddedRows(rowCount: naive.rows, width: naive.columns)
    self.residual = residual.map { PaddedRows($0, rowCount: naive.rows, width: naive.columns, padding: 9) }
  }

  func run(rows: Range<Int>? = nil, panels part: Range<Int>? = nil) {
    let rows = rows ?? 0..<naive.rows
    let part = part ?? 0..<Self.panelCount(naive, kernels)
    var product = gpt2_product(
      a: a.base, a_pitch: a.pitch, panels: panels.base, bias: bias?.base, c: c.base, c_pitch: c.pitch,
      rows: naive.rows, inner: naive.inner, columns: naive.columns, residual: residual?.base,
      residual_pitch: residual?.pitch ?? 0)
    kernels.table.pointee.multiply(&product, rows.lowerBound, rows.upperBound, part.lowerBound, part.upperBound)
  }

  private static func panelCount(_ naive: NaiveProduct, _ kernels: Kernels) -> Int {
    (naive.columns + kernels.panelWidth - 1) / kernels.panelWidth
  }
}

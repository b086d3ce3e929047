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

  /// Around the borders of tiles (6 rows), of rows from which on the next piece is fetched (5, 3 of two bytes), pieces (192, 384
  /// inner indices), row blocks (192), inner blocks (as many pieces as fit, packed, beside each other: 384 of 192 rows, 1152 of
  /// 64), panels (16, 64), and of the four panels that one row walks side by side.
  private static let widenedShapes: [Shape] =
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

  /// The same of INT8: tiles, fetching (7 rows), steps (64 inner indices), pieces (4, 8 or 16 steps), row blocks, inner blocks
  /// (20 or 16 steps of 192 rows, some 60 of 65), panels (8, 16, 32).
  private static let int8Shapes: [Shape] =
    (1...40).map { Shape($0, 70, 70) }
    + [1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257, 512, 513, 1024, 1025, 1280, 1281].flatMap {
      [Shape(1, $0, 33), Shape(4, $0, 21), Shape(7, $0, 70), Shape(13, $0, 21)]
    }
    + [1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129].flatMap { [Shape(3, 80, $0), Shape(9, 80, $0)] }
    + [
      Shape(191, 70, 33), Shape(192, 1281, 17), Shape(193, 1030, 9), Shape(385, 100, 17), Shape(65, 3841, 9),
      Shape(65, 4100, 17),
    ]

  static let cases: [(type: WeightType, shape: Shape)] =
    WeightType.widened.flatMap { type in widenedShapes.map { (type, $0) } } + int8Shapes.map { (.int8, $0) }

  @Test("equals its naive twin to the bit on every instruction set, for every type and shape", arguments: cases)
  func equalsTwin(type: WeightType, shape: Shape) throws {
    for hasBias in [true, false] {
      let naive = NaiveProduct(
        rows: shape.rows, inner: shape.inner, columns: shape.columns, hasBias: hasBias, seed: shape.rows)
      let expected = naive.expected(as: type)
      if type == .f32 { #expect(naive.distance(of: expected) < 1) }
      var inputs = SeededNumbers(99)
      let residual = inputs.floats(expected.count, scale: 10)
      for kernels in Kernels.available {
        let product = KernelProduct(naive, as: type, kernels: kernels)
        product.run()
        #expect(BitDifference(product.c.values, expected) == nil, "\(kernels.name)")
        #expect(product.isIntact, "\(kernels.name)")

        let adding = KernelProduct(naive, as: type, residual: residual, kernels: kernels)
        adding.run()
        #expect(BitDifference(adding.residual!.values, zip(residual, expected).map(+)) == nil, "\(kernels.name)")
        #expect(adding.isIntact, "\(kernels.name)")
      }
    }
  }

  /// Seeds of sizes and cuts of any kind: what runs on several threads, and what a batch of others makes of it.
  @Test("equals it however rows and panels are dealt out", arguments: WeightType.allCases, 1...8)
  func anyCut(type: WeightType, seed: Int) {
    var inputs = SeededNumbers(seed)
    let (rows, inner, columns) = (inputs.number(1...200), inputs.number(1...400), inputs.number(1...150))
    let naive = NaiveProduct(
      rows: rows, inner: inner, columns: columns, hasBias: inputs.chance(oneIn: 2), seed: seed + 100)
    let residual = inputs.chance(oneIn: 2) ? inputs.floats(rows * columns) : nil
    let product = naive.expected(as: type)
    let expected = residual.map { zip($0, product).map(+) } ?? product
    for kernels in Kernels.available {
      for longest in [1, 7, rows] {
        let cut = KernelProduct(naive, as: type, residual: residual, kernels: kernels)
        var row = 0
        for count in inputs.parts(of: rows, longest: longest) {
          var panel = 0
          for panelCount in inputs.parts(of: cut.panels.count, longest: cut.panels.count) {
            cut.run(rows: row..<row + count, panels: panel..<panel + panelCount)
            panel += panelCount
          }
          row += count
        }
        #expect(
          BitDifference((cut.residual ?? cut.c).values, expected) == nil,
          "\(rows)×\(inner)×\(columns), \(kernels.name), up to \(longest) rows")
        #expect(cut.isIntact)
      }
    }
  }

  /// Rows of one inner block; and up to more than a row block, of several.
  @Test(
    "writes the rows and panels it is given, and no others", arguments: Kernels.available,
    WeightType.allCases.flatMap { type in [(type, Shape(47, 389, 40)), (type, Shape(210, 1200, 12))] })
  func parts(kernels: Kernels, example: (type: WeightType, shape: Shape)) {
    let (type, shape) = example
    let width = kernels.matrices(type).pointee.panel_width
    // The shape's columns are how many ranges are tried.
    let naive = NaiveProduct(rows: shape.rows, inner: shape.inner, columns: 4 * width + 3, hasBias: true, seed: 4)
    let whole = KernelProduct(naive, as: type, kernels: kernels)
    whole.run()
    let values = whole.c.values
    var inputs = SeededNumbers(5)
    for attempt in 0..<shape.columns {
      // Of many rows some ranges are more than a block.
      let least = shape.rows < 64 ? 0 : [0, 65, 193][attempt % 3]
      let rowBegin = inputs.number(0...(shape.rows - max(1, least)))
      let panelBegin = inputs.number(0...4)
      let rows = rowBegin..<inputs.number((rowBegin + least)...shape.rows)
      let panels = panelBegin..<inputs.number(panelBegin...5)
      let part = KernelProduct(naive, as: type, kernels: kernels)
      part.run(rows: rows, panels: panels)
      let columns = panels.lowerBound * width..<min(panels.upperBound * width, naive.columns)
      var expected = [Float](repeating: PaddedRows.guardValue, count: values.count)
      for row in rows where !columns.isEmpty {
        let place = row * naive.columns + columns.lowerBound..<row * naive.columns + columns.upperBound
        expected.replaceSubrange(place, with: values[place])
      }
      #expect(BitDifference(part.c.values, expected) == nil, "rows \(rows), panels \(panels)")
      #expect(part.isIntact)
    }
  }
}

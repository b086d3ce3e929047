import CKernels
import TestSupport
import Testing

@testable import GPT2

@Suite("Packing")
struct PackingTests {
  /// Around the borders of steps (64 inner indices of INT8), of what is packed at a time (64), and of panels (8, 16, 32, 64).
  private static let sizes = [
    (1, 1), (3, 16), (5, 17), (17, 5), (33, 64), (40, 65), (64, 130), (19, 63), (63, 7), (65, 33), (128, 31),
    (200, 150),
  ]

  /// A matrix `[inner, columns]` whose elements are no numbers of the smaller types.
  private static func product(_ size: (inner: Int, columns: Int)) -> NaiveProduct {
    NaiveProduct(
      rows: 1, inner: size.inner, columns: size.columns, hasBias: false, seed: size.inner * 1000 + size.columns)
  }

  /// Pieces of whole units, but for the last one.
  private static func pieces(of count: Int, unit: Int, longest: Int, _ inputs: inout SeededNumbers) -> [Int] {
    var pieces = inputs.parts(of: (count + unit - 1) / unit, longest: longest).map { $0 * unit }
    pieces[pieces.count - 1] -= pieces.reduce(0, +) - count
    return pieces
  }

  @Test("of F32 is by the definition", arguments: sizes, Kernels.available)
  func definition(size: (inner: Int, columns: Int), kernels: Kernels) {
    let naive = Self.product(size)
    let packed = PackedPanels(inner: size.inner, columns: size.columns, as: .f32, kernels: kernels)
    packed.pack(rows: naive.b, in: [size.inner])
    let width = packed.kernels.panel_width
    let expected = (0..<packed.count * size.inner * width).map { index in
      let (panel, k, lane) = (index / (size.inner * width), index / width % size.inner, index % width)
      let column = panel * width + lane
      return column < size.columns ? naive.b[k * size.columns + column] : 0
    }
    #expect(BitDifference(packed.memory.values, expected) == nil)
    #expect(packed.memory.isIntact)
  }

  @Test("makes the same panels of rows and of the transpose, in any pieces", arguments: sizes, WeightType.allCases)
  func pieces(size: (inner: Int, columns: Int), type: WeightType) {
    let naive = Self.product(size)
    let transposed = naive.transposed
    var inputs = SeededNumbers(6)
    for kernels in Kernels.available {
      let whole = PackedPanels(inner: size.inner, columns: size.columns, as: type, kernels: kernels)
      whole.pack(rows: naive.b, in: [size.inner])
      let expected = whole.words
      for longest in [1, 3, 20] {
        let byRows = PackedPanels(inner: size.inner, columns: size.columns, as: type, kernels: kernels)
        byRows.pack(
          rows: naive.b,
          in: Self.pieces(of: size.inner, unit: byRows.kernels.step_inner, longest: longest, &inputs))
        #expect(byRows.words == expected && byRows.memory.isIntact, "\(kernels.name), rows")
        let byColumns = PackedPanels(inner: size.inner, columns: size.columns, as: type, kernels: kernels)
        byColumns.pack(
          columns: transposed,
          in: Self.pieces(of: size.columns, unit: byColumns.kernels.panel_width, longest: longest, &inputs))
        #expect(byColumns.words == expected && byColumns.memory.isIntact, "\(kernels.name), columns")
      }
    }
  }

  @Test("gives columns back as the type has them, and zeros behind the last", arguments: sizes, WeightType.allCases)
  func columns(size: (inner: Int, columns: Int), type: WeightType) {
    let naive = Self.product(size)
    let transposed = naive.transposed
    let blocks = NaiveBlocks(transposed, inner: size.inner)
    for kernels in Kernels.available {
      let packed = PackedPanels(inner: size.inner, columns: size.columns, as: type, kernels: kernels)
      packed.pack(rows: naive.b, in: [size.inner])
      for column in 0..<packed.count * packed.kernels.panel_width {
        let stored = transposed.dropFirst(column * size.inner).prefix(size.inner)
        let expected =
          if stored.isEmpty { [Float](repeating: 0, count: size.inner) } else if type == .int8 {
            blocks.values(column, inner: size.inner)
          } else { stored.map(type.rounded) }
        #expect(BitDifference(packed.column(column), expected) == nil, "\(kernels.name), column \(column)")
      }
    }
  }

  @Test("caches keys by panels and values by rows, and touches nothing else", arguments: [1, 7, 16, 40, 64], [16, 64])
  func cache(headWidth: Int, panelWidth: Int) {
    let chunk = 64
    var cache = gpt2_head_cache(headWidth: headWidth, panelWidth: panelWidth, gap: 21)
    let count = 3 * cache.chunk_pitch
    var inputs = SeededNumbers(headWidth)
    for (start, rows) in [(0, 1), (0, 150), (15, 3), (63, 2), (64, 64), (149, 1), (100, 37), (127, 1), (128, 64)] {
      let keys = PaddedRows(inputs.floats(rows * headWidth), rowCount: rows, width: headWidth, padding: 6)
      let values = PaddedRows(inputs.floats(rows * headWidth), rowCount: rows, width: headWidth, padding: 6)
      let chunks = PaddedRows(width: count)
      cache.chunks = chunks.base
      gpt2_cache_rows(keys.base, values.base, keys.pitch, rows, start, &cache)
      var expected = [Float](repeating: PaddedRows.guardValue, count: count)
      for row in 0..<rows {
        let (number, position) = (start + row).quotientAndRemainder(dividingBy: chunk)
        let keyBase = number * cache.chunk_pitch + position / panelWidth * headWidth * panelWidth
        for d in 0..<headWidth {
          expected[keyBase + d * panelWidth + position % panelWidth] = keys.base[row * keys.pitch + d]
        }
        let valueBase = number * cache.chunk_pitch + chunk * headWidth + position * cache.value_pitch
        for d in 0..<cache.value_pitch {
          expected[valueBase + d] = d < headWidth ? values.base[row * values.pitch + d] : 0
        }
      }
      #expect(BitDifference(chunks.values, expected) == nil, "from \(start), \(rows) rows")
      #expect(chunks.isIntact)
    }
  }
}

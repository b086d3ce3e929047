import CKernels
import TestSupport
import Testing

@testable import GPT2

@Suite("Packing")
struct PackingTests {
  private static let sizes = [(1, 1), (3, 16), (5, 17), (17, 5), (33, 64), (40, 65), (64, 130), (19, 63)]

  /// Panels of `b`, `[inner, columns]`, by the definition; zeros behind the last column.
  private static func panels(_ b: [Float], inner: Int, columns: Int, width: Int) -> [Float] {
    let count = (columns + width - 1) / width
    return (0..<count * inner * width).map { index in
      let (panel, k, lane) = (index / (inner * width), index / width % inner, index % width)
      let column = panel * width + lane
      return column < columns ? b[k * columns + column] : 0
    }
  }

  private static func transposed(_ b: [Float], inner: Int, columns: Int) -> [Float] {
    (0..<inner * columns).map { b[$0 % inner * columns + $0 / inner] }
  }

  @Test("puts rows into panels in any number of pieces", arguments: sizes, [16, 64])
  func rows(size: (inner: Int, columns: Int), width: Int) {
    let (inner, columns) = size
    var inputs = SeededNumbers(inner * 1000 + columns)
    let b = inputs.floats(inner * columns)
    let expected = Self.panels(b, inner: inner, columns: columns, width: width)
    for longest in [1, 3, inner] {
      let packed = PaddedRows(width: expected.count)
      var begin = 0
      for count in inputs.parts(of: inner, longest: longest) {
        let piece = PaddedRows(Array(b[begin * columns..<(begin + count) * columns]))
        gpt2_pack_rows(piece.base, begin, begin + count, inner, columns, width, packed.base)
        begin += count
      }
      #expect(BitDifference(packed.values, expected) == nil)
      #expect(packed.isIntact)
    }
  }

  @Test("puts the transpose into the same panels", arguments: sizes, [16, 64])
  func transpose(size: (inner: Int, columns: Int), width: Int) {
    let (inner, columns) = size
    var inputs = SeededNumbers(inner * 1000 + columns)
    let b = inputs.floats(inner * columns)
    let stored = Self.transposed(b, inner: inner, columns: columns)
    let expected = Self.panels(b, inner: inner, columns: columns, width: width)
    for longest in [1, 7, 20, columns] {
      // What is behind the last column is the caller's: zeros here, as in fresh memory.
      let packed = PaddedRows(Array(repeating: 0, count: expected.count))
      var begin = 0
      for count in inputs.parts(of: columns, longest: longest) {
        let piece = PaddedRows(Array(stored[begin * inner..<(begin + count) * inner]))
        gpt2_pack_transposed(piece.base, begin, begin + count, inner, width, packed.base)
        begin += count
      }
      #expect(BitDifference(packed.values, expected) == nil)
      #expect(packed.isIntact)
    }
  }

  @Test("gives columns back", arguments: sizes, [16, 64])
  func columns(size: (inner: Int, columns: Int), width: Int) {
    let (inner, columns) = size
    var inputs = SeededNumbers(7)
    let b = inputs.floats(inner * columns)
    let packed = Self.panels(b, inner: inner, columns: columns, width: width)
    let stored = Self.transposed(b, inner: inner, columns: columns)
    for column in 0..<columns {
      let out = PaddedRows(width: inner)
      gpt2_unpack_column(packed, column, inner, width, out.base)
      #expect(BitDifference(out.values, Array(stored[column * inner..<(column + 1) * inner])) == nil)
      #expect(out.isIntact)
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

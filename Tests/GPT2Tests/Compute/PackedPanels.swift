import CKernels

@testable import GPT2

/// A matrix `[inner, columns]` as the kernels pack it.
final class PackedPanels {
  let inner: Int
  let columns: Int
  let kernels: gpt2_matrix_kernels
  let memory: PaddedRows

  init(inner: Int, columns: Int, as type: WeightType, kernels: Kernels) {
    (self.inner, self.columns, self.kernels) = (inner, columns, kernels.matrices(type).pointee)
    let (width, step) = (self.kernels.panel_width, self.kernels.step_inner)
    let byteCount = (columns + width - 1) / width * ((inner + step - 1) / step) * self.kernels.step_bytes
    precondition(byteCount % 4 == 0)
    memory = PaddedRows(width: byteCount / 4)
  }

  var count: Int { (columns + kernels.panel_width - 1) / kernels.panel_width }

  /// The panels' bits.
  var words: [UInt32] { memory.values.map(\.bitPattern) }

  /// Packs `[inner, columns]` in pieces of so many rows.
  func pack(rows b: [Float], in pieces: [Int]) {
    var begin = 0
    for count in pieces {
      let piece = PaddedRows(Array(b[begin * columns..<(begin + count) * columns]))
      kernels.pack_rows(piece.base, begin, begin + count, inner, columns, memory.base)
      begin += count
    }
  }

  /// Packs the transpose, `[columns, inner]`, in pieces of so many columns.
  func pack(columns stored: [Float], in pieces: [Int]) {
    var begin = 0
    for count in pieces {
      let piece = PaddedRows(Array(stored[begin * inner..<(begin + count) * inner]))
      kernels.pack_columns(piece.base, begin, begin + count, inner, memory.base)
      begin += count
    }
  }

  /// Column `column`, `[inner]`; those behind the last one fill up its panel.
  func column(_ column: Int) -> [Float] {
    let out = PaddedRows(width: inner)
    kernels.unpack_column(memory.base, column, inner, out.base)
    precondition(out.isIntact)
    return out.values
  }
}

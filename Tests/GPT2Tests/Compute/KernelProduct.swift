import CKernels

@testable import GPT2

/// A naive product's operands as a kernel takes them.
final class KernelProduct {
  let c: PaddedRows
  let residual: PaddedRows?
  let panels: PackedPanels
  private let naive: NaiveProduct
  private let a: PaddedRows
  private let bias: PaddedRows?

  init(_ naive: NaiveProduct, as type: WeightType = .f32, residual: [Float]? = nil, kernels: Kernels) {
    self.naive = naive
    a = PaddedRows(naive.a, rowCount: naive.rows, width: naive.inner, padding: 3)
    panels = PackedPanels(inner: naive.inner, columns: naive.columns, as: type, kernels: kernels)
    panels.pack(rows: naive.b, in: [naive.inner])
    bias = naive.bias.map { PaddedRows($0) }
    c = PaddedRows(rowCount: naive.rows, width: naive.columns)
    self.residual = residual.map { PaddedRows($0, rowCount: naive.rows, width: naive.columns, padding: 9) }
  }

  func run(rows: Range<Int>? = nil, panels part: Range<Int>? = nil) {
    let rows = rows ?? 0..<naive.rows
    let part = part ?? 0..<panels.count
    var product = gpt2_product(
      a: a.base, a_pitch: a.pitch, panels: panels.memory.base, bias: bias?.base, c: c.base, c_pitch: c.pitch,
      rows: naive.rows, inner: naive.inner, columns: naive.columns, residual: residual?.base,
      residual_pitch: residual?.pitch ?? 0)
    panels.kernels.multiply(&product, rows.lowerBound, rows.upperBound, part.lowerBound, part.upperBound)
  }

  /// Whether nothing was written where nothing belongs.
  var isIntact: Bool { c.isIntact && residual?.isIntact ?? true && panels.memory.isIntact }
}

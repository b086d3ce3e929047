internal import CKernels
internal import Platform
internal import Synchronization

/// A weight matrix `[inner, columns]` in the order in which the matrix product reads it.
///
/// The columns are cut into panels of the kernels' width for the type, each stored by steps of inner indices; the last is padded
/// with zeros. The product computes `x·W`, as the checkpoint's Conv1D weights `[in, out]` mean it.
final class PackedMatrix: @unchecked Sendable {
  // Unchecked: the table is a constant of the C part, and the panels are not written once they are filled.
  let inner: Int
  let columns: Int
  let type: WeightType
  private let kernels: UnsafePointer<gpt2_matrix_kernels>
  private let panels: PageBuffer

  /// How the stored tensor lies: as `[inner, columns]` (Conv1D), or as its transpose `[columns, inner]` (embeddings, head).
  enum Layout { case plain, transposed }

  /// Reads, checks and packs a tensor, a piece at a time on every thread, so that it is never in memory twice.
  ///
  /// - Throws: ``CheckpointError``, also for an element that the type cannot hold; ``ModelError``.
  init(_ tensor: StoredTensor, layout: Layout, as type: WeightType, kernels: Kernels, pool: ThreadPool) throws {
    precondition(tensor.shape.count == 2)
    let (rows, rowLength) = (tensor.shape[0], tensor.shape[1])
    (inner, columns) = layout == .plain ? (rows, rowLength) : (rowLength, rows)
    self.type = type
    let matrices = kernels.matrices(type)
    self.kernels = matrices
    let panels = try PageBuffer(byteCount: Self.byteCount(inner, columns, matrices), fillsUp: true)
    // A piece is a whole number of steps, or of panels of the transpose, and about a quarter of a megabyte.
    let unit = layout == .plain ? matrices.pointee.step_inner : matrices.pointee.panel_width
    let pieceRows = max(1, 65536 / rowLength / unit) * unit
    let firstError = Mutex<(any Error)?>(nil)
    let (base, inner, columns) = (panels.raw, self.inner, self.columns)
    pool.forEach((rows + pieceRows - 1) / pieceRows) { piece in
      let begin = piece * pieceRows
      let end = min(begin + pieceRows, rows)
      do {
        try tensor.withFloats(in: (begin * rowLength)..<(end * rowLength), thatFit: type) { floats in
          switch layout {
          case .plain: matrices.pointee.pack_rows(floats, begin, end, inner, columns, base)
          case .transposed: matrices.pointee.pack_columns(floats, begin, end, inner, base)
          }
        }
      } catch {
        firstError.withLock { if $0 == nil { $0 = error } }
      }
    }
    if let error = firstError.withLock({ $0 }) { throw error }
    self.panels = panels
  }

  /// A matrix of no meaning, to time products with: `pattern` over and over.
  init(
    repeating pattern: [Float], inner: Int, columns: Int, as type: WeightType, kernels: Kernels
  ) throws(ModelError) {
    (self.inner, self.columns, self.type) = (inner, columns, type)
    let matrices = kernels.matrices(type)
    self.kernels = matrices
    panels = try PageBuffer(byteCount: Self.byteCount(inner, columns, matrices), fillsUp: true)
    // A panel's worth is packed, and copied for the others.
    let width = matrices.pointee.panel_width
    let panelBytes = Self.byteCount(inner, width, matrices)
    let rows = (0..<(inner * width)).map { pattern[$0 % pattern.count] }
    matrices.pointee.pack_columns(rows, 0, width, inner, panels.raw)
    for panel in 1..<max(1, (columns + width - 1) / width) {
      (panels.raw + panel * panelBytes).copyMemory(from: panels.raw, byteCount: panelBytes)
    }
  }

  /// Bytes of the panels of a matrix.
  private static func byteCount(_ inner: Int, _ columns: Int, _ kernels: UnsafePointer<gpt2_matrix_kernels>) -> Int {
    let (width, step) = (kernels.pointee.panel_width, kernels.pointee.step_inner)
    return (columns + width - 1) / width * ((inner + step - 1) / step) * kernels.pointee.step_bytes
  }

  /// `out = x·W + bias`, or `residual += x·W + bias`, leaving unfinished sums in `out`.
  ///
  /// - Parameters:
  ///   - x: `[R, inner]`
  ///   - bias: `[columns]`
  ///   - out: `[R, columns]`
  ///   - finish: called with rows and columns of `out` when they are finished, on the thread that finished them.
  func multiply(
    _ x: Rows, bias: UnsafePointer<Float>?, into out: Rows, addingTo residual: Rows? = nil, pool: ThreadPool,
    finish: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void = { _, _ in }
  ) {
    let rowCount = x.count
    var product = gpt2_product(
      a: x.base, a_pitch: x.pitch, panels: panels.raw, bias: bias, c: out.base, c_pitch: out.pitch,
      rows: rowCount, inner: inner, columns: columns, residual: residual?.base, residual_pitch: residual?.pitch ?? 0)
    let width = kernels.pointee.panel_width
    let panelCount = (columns + width - 1) / width
    // Every task packs its rows anew, so tasks are as few as keep all threads busy to the end.
    let rowBlocks = (rowCount + 191) / 192
    // A task too small is not worth waking a thread for.
    let worthwhile = max(1, rowCount * inner * columns / ThreadPool.worthwhileWork)
    let panelGroups =
      pool.threadCount == 1 ? 1 : min(panelCount, worthwhile, max(1, pool.threadCount * 4 / rowBlocks))
    withUnsafePointer(to: &product) { product in
      pool.forEach(rowBlocks * panelGroups) { task in
        let rows = share(task / panelGroups, of: rowBlocks, in: rowCount)
        let group = share(task % panelGroups, of: panelGroups, in: panelCount)
        kernels.pointee.multiply(product, rows.lowerBound, rows.upperBound, group.lowerBound, group.upperBound)
        finish(rows, (group.lowerBound * width)..<min(group.upperBound * width, columns))
      }
    }
  }

  /// Column `column`, `[inner]`: the embedding of a token, when the matrix is the transposed token embedding.
  func copyColumn(_ column: Int, to out: UnsafeMutablePointer<Float>) {
    precondition(column >= 0 && column < columns)
    kernels.pointee.unpack_column(panels.raw, column, inner, out)
  }

  /// Bytes the matrix takes in memory.
  var byteCount: Int { panels.byteCount }
}

/// Part `index` of `0..<count` cut into `parts` contiguous parts of nearly equal size.
func share(_ index: Int, of parts: Int, in count: Int) -> Range<Int> {
  (count * index / parts)..<(count * (index + 1) / parts)
}

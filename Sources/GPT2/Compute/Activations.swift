internal import CKernels

/// Rows of fp32 values `[R, C]` that a pass reads or writes; kept and used again from pass to pass.
public final class Activations {
  /// Number of rows, R.
  public private(set) var rowCount = 0
  /// Values in a row, C.
  public let width: Int
  /// Distance between rows in floats. Rows are kept apart by more than the width, so that the same column of several rows
  /// does not fall into the same set of a cache.
  let pitch: Int
  private var buffer: PageBuffer
  private var capacity = 0

  /// - Parameter isDense: whether rows follow each other without a gap, as they do on the wire.
  public init(width: Int, isDense: Bool = false) throws(ModelError) {
    self.width = width
    pitch = isDense ? width : (width + 15) / 16 * 16 + 16
    buffer = try PageBuffer(count: 0, fillsUp: true)
  }

  /// Makes room for `rowCount` rows; what they hold is undefined until it is written.
  public func resize(rowCount: Int) throws(ModelError) {
    if rowCount > capacity {
      let (count, overflow) = rowCount.multipliedReportingOverflow(by: pitch)
      guard !overflow else { throw .outOfMemory(bytes: Int.max) }
      buffer = try PageBuffer(count: count, fillsUp: true)
      capacity = rowCount
    }
    self.rowCount = rowCount
  }

  /// Values of row `row`, `[C]`.
  public subscript(row: Int) -> UnsafeMutableBufferPointer<Float> {
    precondition(row >= 0 && row < rowCount)
    return UnsafeMutableBufferPointer(rebasing: buffer.floats[(row * pitch)..<(row * pitch + width)])
  }

  /// All rows of dense activations, `[R, C]`, as long as they are not resized.
  ///
  /// - Precondition: they are dense.
  public var bytes: UnsafeMutableRawBufferPointer {
    precondition(pitch == width)
    return UnsafeMutableRawBufferPointer(start: buffer.base, count: rowCount * width * MemoryLayout<Float>.stride)
  }

  /// Whether no value of dense activations is no number, an infinity, or so large that a layer norm makes one of it.
  ///
  /// - Precondition: they are dense.
  public var isFinite: Bool {
    precondition(pitch == width)
    return gpt2_all_finite(buffer.base, rowCount * width)
  }

  /// The same of activations in others' memory, which need not be aligned.
  public static func isFinite(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.baseAddress.map { gpt2_all_finite($0, bytes.count / MemoryLayout<Float>.size) } ?? true
  }

  /// First value of the first row.
  var base: UnsafeMutablePointer<Float> { buffer.base }
}

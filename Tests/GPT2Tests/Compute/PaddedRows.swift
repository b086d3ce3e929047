@testable import GPT2

/// Rows of floats for a kernel, with a guard value between and behind them so that a write beside the mark is seen.
final class PaddedRows {
  static let guardValue: Float = -7.5e33
  let rowCount: Int
  let width: Int
  let pitch: Int
  let base: UnsafeMutablePointer<Float>
  private let count: Int

  /// Rows that hold `values`, `[rowCount, width]`, or the guard value where there are none.
  init(_ values: [Float]? = nil, rowCount: Int = 1, width: Int, padding: Int = 5) {
    precondition(values == nil || values!.count == rowCount * width)
    (self.rowCount, self.width, pitch) = (rowCount, width, width + padding)
    count = rowCount * pitch + 3
    base = .allocate(capacity: count)
    base.initialize(repeating: Self.guardValue, count: count)
    guard let values else { return }
    values.withUnsafeBufferPointer { values in
      for row in 0..<rowCount where width > 0 {
        (base + row * pitch).update(from: values.baseAddress! + row * width, count: width)
      }
    }
  }

  convenience init(_ row: [Float]) { self.init(row, width: row.count) }

  deinit { base.deallocate() }

  /// The rows without what is between them, `[rowCount, width]`.
  var values: [Float] { (0..<rowCount).flatMap { UnsafeBufferPointer(start: base + $0 * pitch, count: width) } }

  /// Whether nothing was written between and behind the rows.
  var isIntact: Bool {
    var guards = (0..<rowCount).flatMap { UnsafeBufferPointer(start: base + $0 * pitch + width, count: pitch - width) }
    guards += UnsafeBufferPointer(start: base + rowCount * pitch, count: count - rowCount * pitch)
    return guards.allSatisfy { $0 == Self.guardValue }
  }

  /// As the product takes them; valid as long as the value itself, which the test has to keep.
  var rows: Rows { Rows(base: base, pitch: pitch, count: rowCount) }
}

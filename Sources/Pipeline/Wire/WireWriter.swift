/// Appends the fields of one message; the counterpart of ``WireReader``. A value out of its bounds traps.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  /// Has room for what crosses between stages most often, a pass of some sequences.
  init() { bytes.reserveCapacity(256) }

  mutating func byte(_ value: Int, in range: ClosedRange<Int>) { integer(UInt8(checked(value, range))) }

  mutating func word(_ value: Int, in range: ClosedRange<Int>) { integer(UInt32(checked(value, range))) }

  mutating func signedWord(_ value: Int, in range: ClosedRange<Int>) { integer(Int32(checked(value, range))) }

  mutating func long(_ value: Int, in range: ClosedRange<Int>) { integer(UInt64(checked(value, range))) }

  mutating func anyLong(_ value: UInt64) { integer(value) }

  mutating func nanoseconds(_ value: UInt64) {
    precondition(value <= WireLimits.nanoseconds, "\(value) ns are beyond the wire's limit")
    integer(value)
  }

  mutating func number(_ value: Double) {
    precondition(value.isFinite && value >= 0, "\(value) is not for the wire")
    integer(value.bitPattern)
  }

  mutating func flag(_ value: Bool) { integer(value ? 1 as UInt8 : 0) }

  /// Without a count.
  mutating func bytes(_ value: [UInt8], exactly count: Int) {
    precondition(value.count == count, "\(value.count) bytes instead of \(count)")
    bytes += value
  }

  mutating func bytes(_ value: [UInt8], in range: ClosedRange<Int>) {
    word(value.count, in: range)
    bytes += value
  }

  /// Text that machines read.
  mutating func name(_ value: String, in range: ClosedRange<Int>) {
    precondition(value.isPrintable, "\(value.debugDescription) is not one line")
    word(value.utf8.count, in: range)
    bytes += value.utf8
  }

  /// Text for people: made one line and cut to the limit, since nobody is helped by a trap on a long path.
  mutating func sentence(_ value: String, in range: ClosedRange<Int>) {
    var line: [UInt8] = []
    for scalar in value.unicodeScalars {
      let character = UTF8.encode(scalar.isPrintable ? scalar : "\u{FFFD}")!
      guard line.count + character.count <= range.upperBound else { break }
      line += character
    }
    bytes(line, in: range)
  }

  mutating func array<Element>(
    _ elements: [Element], in range: ClosedRange<Int>, of element: (inout WireWriter, Element) -> Void
  ) {
    word(elements.count, in: range)
    for value in elements { element(&self, value) }
  }

  mutating func integer(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  /// Writes over what was written at `offset`.
  mutating func replace(at offset: Int, by value: some FixedWidthInteger) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value)) }
  }

  private func checked(_ value: Int, _ range: ClosedRange<Int>) -> Int {
    precondition(range.contains(value), "\(value) is not in \(range)")
    return value
  }
}

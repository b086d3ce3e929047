/// The first place where two rows of floats are not the same bits.
struct BitDifference: CustomStringConvertible {
  let index: Int
  let found: Float
  let expected: Float

  /// Nil when `found` and `expected` are as long as each other and equal to the bit: −0 is not 0, NaN is itself.
  init?(_ found: [Float], _ expected: [Float]) {
    guard found.count == expected.count else {
      (index, self.found, self.expected) = (min(found.count, expected.count), .nan, .nan)
      return
    }
    // Whole rows at once: element by element is slow in a debug build.
    let areEqual = found.withUnsafeBytes { found in expected.withUnsafeBytes { found.elementsEqualFast($0) } }
    guard !areEqual else { return nil }
    index = found.indices.first { found[$0].bitPattern != expected[$0].bitPattern }!
    (self.found, self.expected) = (found[index], expected[index])
  }

  var description: String { "element \(index) is \(found), expected \(expected) to the bit" }
}

extension UnsafeRawBufferPointer {
  /// Whether the bytes are the same, eight at a time.
  fileprivate func elementsEqualFast(_ other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    for offset in stride(from: 0, to: count - 7, by: 8)
    where loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      != other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    { return false }
    for offset in (count / 8 * 8)..<count where self[offset] != other[offset] { return false }
    return true
  }
}

/// A fast hash of short byte strings and of pairs of tokens, keyed by chance once per process.
///
/// The key keeps a hostile vocabulary from choosing entries that all collide; nothing that a caller sees depends on it.
/// Mixing is by the two halves of a 128-bit product, as in the multiply-and-fold family of hashes.
struct SeededHash: Sendable {
  private let first: UInt64
  private let second: UInt64

  /// The key of this process.
  static let shared = SeededHash()

  private init() {
    // Odd, so that no key maps every product to zero.
    first = UInt64.random(in: .min ... .max) | 1
    second = UInt64.random(in: .min ... .max) | 1
  }

  @inline(__always)
  private func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  @inline(__always)
  func callAsFunction(_ value: UInt64) -> UInt64 {
    fold(value ^ first, second)
  }

  @inline(__always)
  func callAsFunction(_ bytes: Span<UInt8>) -> UInt64 {
    let raw = bytes.bytes
    let count = raw.byteCount
    var state = first ^ UInt64(truncatingIfNeeded: count)
    var offset = 0
    while count - offset > 8 {
      state = fold(state ^ raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self), second)
      offset += 8
    }
    // 1 to 8 bytes are left; two loads that may overlap read them all.
    let left = count - offset
    let tail: UInt64
    if left >= 4 {
      let low = raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
      let high = raw.unsafeLoadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      tail = UInt64(high) << 32 | UInt64(low)
    } else if left > 0 {
      let low = UInt64(bytes[offset])
      let middle = UInt64(bytes[offset + left / 2])
      let high = UInt64(bytes[count - 1])
      tail = high << 16 | middle << 8 | low
    } else {
      tail = 0
    }
    return fold(state ^ tail, second)
  }
}

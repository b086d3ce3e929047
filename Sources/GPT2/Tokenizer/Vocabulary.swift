/// The bytes of every token, and the way back from bytes to the token.
///
/// Equality is of bytes, never of Swift strings.
struct Vocabulary: Sendable {
  /// Token `i` is `storage[bounds[i]..<bounds[i + 1]]`.
  private var storage: [UInt8]
  private var bounds: [Int]

  private let hash = SeededHash.shared
  /// Open addressing: the upper half of the hash, the mark of a whole word, and one more than the token; 0 when empty.
  private var slots: [UInt64]
  private let shift: UInt64
  private static let wordMark: UInt64 = 1 << 31
  private static let tokenMask: UInt64 = 1 << 31 - 1

  /// Number of tokens.
  var count: Int { bounds.count - 1 }

  /// - Parameters:
  ///   - tokens: the bytes of every token by its number; fewer than `MergeTable.limit`.
  ///   - isFindable: whether ``token(_:)`` shall find it. No two findable tokens may be equal.
  init(tokens: [[UInt8]], isFindable: (Int) -> Bool) {
    precondition(tokens.count < MergeTable.limit)
    storage = Array(tokens.joined())
    bounds = [0]
    bounds.reserveCapacity(tokens.count + 1)
    for token in tokens { bounds.append(bounds[bounds.count - 1] + token.count) }
    let bits = max(4, Int.bitWidth - (2 * tokens.count).leadingZeroBitCount)
    slots = Array(repeating: 0, count: 1 << bits)
    shift = UInt64(64 - bits)
    for (token, bytes) in tokens.enumerated() where isFindable(token) {
      let hash = hash(bytes.span)
      var index = Int(hash >> shift)
      while slots[index] != 0 { index = (index + 1) & (slots.count - 1) }
      slots[index] = (hash >> 32) << 32 | UInt64(token + 1)
    }
  }

  /// The bytes of `token`, which must be in `0..<count`.
  func bytes(of token: Int) -> ArraySlice<UInt8> {
    storage[bounds[token]..<bounds[token + 1]]
  }

  /// The findable token of exactly these bytes.
  func token(_ bytes: Span<UInt8>) -> UInt32? {
    guard let index = slot(of: bytes) else { return nil }
    return UInt32(truncatingIfNeeded: slots[index] & Self.tokenMask) - 1
  }

  /// The token of exactly these bytes if it is marked as a whole word.
  @inline(__always)
  func word(_ bytes: Span<UInt8>) -> UInt32? {
    guard let index = slot(of: bytes), slots[index] & Self.wordMark != 0 else { return nil }
    return UInt32(truncatingIfNeeded: slots[index] & Self.tokenMask) - 1
  }

  /// Marks `token`, which must be findable, as what the whole word of its bytes is encoded as.
  mutating func markAsWord(_ token: Int) {
    guard let index = slot(of: storage.span.extracting(bounds[token]..<bounds[token + 1])) else {
      preconditionFailure("token \(token) cannot be found")
    }
    slots[index] |= Self.wordMark
  }

  @inline(__always)
  private func slot(of bytes: Span<UInt8>) -> Int? {
    let hash = hash(bytes)
    var index = Int(truncatingIfNeeded: hash >> shift)
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if (slot ^ hash) >> 32 == 0, equals(bytes, token: Int(slot & Self.tokenMask) - 1) { return index }
      index = (index + 1) & (slots.count - 1)
    }
  }

  @inline(__always)
  private func equals(_ bytes: Span<UInt8>, token: Int) -> Bool {
    let start = bounds[token]
    guard bounds[token + 1] - start == bytes.count else { return false }
    for offset in 0..<bytes.count where storage[start + offset] != bytes[offset] { return false }
    return true
  }
}

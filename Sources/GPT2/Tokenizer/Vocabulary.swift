/// The bytes of every token, and the way back from bytes to the token.
///
/// Equality is of bytes, never of Swift strings. Ids may have holes, and two entries may have one id: the way back knows
/// both, and the id's bytes are those of the later one.
struct Vocabulary: Sendable {
  struct Entry {
    var bytes: [UInt8]
    var token: Int
    /// Whether ``token(_:)`` shall find it. No two findable entries may have equal bytes, nor one of them none.
    var isFindable: Bool
  }

  /// Entry `i` is `storage[bounds[i]..<bounds[i + 1]]`.
  private var storage: [UInt8] = []
  private var bounds: [Int] = [0]
  /// The token of each entry.
  private var tokens: [UInt32] = []
  /// The entry that says what a token's bytes are, ``noEntry`` where there is no such token.
  private var entries: [UInt32]
  private static let noEntry = UInt32.max

  private let hash = SeededHash.shared
  /// Open addressing: the upper half of the hash, the mark of a whole word, and one more than the entry; 0 when empty.
  private var slots: [UInt64]
  private let shift: UInt64
  private static let wordMark: UInt64 = 1 << 31
  private static let entryMask: UInt64 = 1 << 31 - 1

  /// One more than the highest token; there need not be a token of every number below.
  var count: Int { entries.count }

  /// - Parameter all: fewer than 2³¹, with tokens from 0 to below `MergeTable.limit`.
  init(_ all: [Entry]) {
    precondition(all.count < 1 << 31 - 1)
    let count = (all.map(\.token).max() ?? -1) + 1
    precondition(count <= MergeTable.limit)
    entries = Array(repeating: Self.noEntry, count: count)
    bounds.reserveCapacity(all.count + 1)
    tokens.reserveCapacity(all.count)
    storage.reserveCapacity(all.reduce(0) { $0 + $1.bytes.count })
    let bits = max(4, Int.bitWidth - (2 * all.count).leadingZeroBitCount)
    slots = Array(repeating: 0, count: 1 << bits)
    shift = UInt64(64 - bits)
    for (number, entry) in all.enumerated() {
      entries[entry.token] = UInt32(number)
      tokens.append(UInt32(entry.token))
      storage.append(contentsOf: entry.bytes)
      bounds.append(storage.count)
      guard entry.isFindable else { continue }
      let hash = hash(entry.bytes.span)
      var index = Int(hash >> shift)
      while slots[index] != 0 { index = (index + 1) & (slots.count - 1) }
      slots[index] = (hash >> 32) << 32 | UInt64(number + 1)
    }
  }

  /// The bytes of `token`; nil where there is no such token.
  func bytes(of token: Int) -> ArraySlice<UInt8>? {
    guard entries.indices.contains(token), entries[token] != Self.noEntry else { return nil }
    let entry = Int(entries[token])
    return storage[bounds[entry]..<bounds[entry + 1]]
  }

  /// The findable token of exactly these bytes.
  func token(_ bytes: Span<UInt8>) -> UInt32? {
    slot(of: bytes).map { tokens[entry(slots[$0])] }
  }

  /// The token of exactly these bytes if it is marked as a whole word.
  @inline(__always)
  func word(_ bytes: Span<UInt8>) -> UInt32? {
    guard let index = slot(of: bytes), slots[index] & Self.wordMark != 0 else { return nil }
    return tokens[entry(slots[index])]
  }

  /// Marks those findable entries as whole words whose bytes `isWord` says are encoded as their token alone.
  mutating func markWords(_ isWord: (Span<UInt8>, UInt32) -> Bool) {
    for index in slots.indices where slots[index] != 0 {
      let entry = entry(slots[index])
      if isWord(storage.span.extracting(bounds[entry]..<bounds[entry + 1]), tokens[entry]) {
        slots[index] |= Self.wordMark
      }
    }
  }

  @inline(__always)
  private func entry(_ slot: UInt64) -> Int { Int(truncatingIfNeeded: slot & Self.entryMask) - 1 }

  @inline(__always)
  private func slot(of bytes: Span<UInt8>) -> Int? {
    let hash = hash(bytes)
    var index = Int(truncatingIfNeeded: hash >> shift)
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if (slot ^ hash) >> 32 == 0, equals(bytes, entry: entry(slot)) { return index }
      index = (index + 1) & (slots.count - 1)
    }
  }

  @inline(__always)
  private func equals(_ bytes: Span<UInt8>, entry: Int) -> Bool {
    let start = bounds[entry]
    guard bounds[entry + 1] - start == bytes.count else { return false }
    for offset in 0..<bytes.count where storage[start + offset] != bytes[offset] { return false }
    return true
  }
}

/// Which pairs of tokens merge, in what order, and into what.
///
/// Open addressing over single words: left token, right token and rank take 21 bits each, which bounds vocabulary and
/// merges at ``limit``.
struct MergeTable: Sendable {
  /// The number of tokens and the number of merges stay below this.
  static let limit = 1 << 21 - 1
  /// The rank of a pair that does not merge; above every rank.
  static let noRank = UInt32.max

  private static let empty = UInt64.max
  private static let rankMask: UInt64 = 1 << 21 - 1

  private let hash = SeededHash.shared
  private var slots: [UInt64]
  /// How far to shift a hash down to the index of a slot.
  private let shift: UInt64
  /// The token each rank's pair becomes.
  private(set) var products: [UInt32] = []

  /// An empty table with room for `capacity` < ``limit`` merges.
  init(capacity: Int) {
    precondition(capacity < Self.limit)
    // At most half full: most lookups are of pairs that do not merge, and end at the first empty slot.
    let bits = max(4, Int.bitWidth - (2 * capacity).leadingZeroBitCount)
    slots = Array(repeating: Self.empty, count: 1 << bits)
    shift = UInt64(64 - bits)
    products.reserveCapacity(capacity)
  }

  /// Adds the pair as the last in rank. A pair that is in the table already has its last rank from now on.
  mutating func append(_ left: UInt32, _ right: UInt32, product: UInt32) {
    precondition(2 * products.count < slots.count && left < Self.limit && right < Self.limit)
    let key = UInt64(left) << 21 | UInt64(right)
    var index = Int(hash(key) >> shift)
    while slots[index] != Self.empty, slots[index] >> 21 != key { index = (index + 1) & (slots.count - 1) }
    slots[index] = key << 21 | UInt64(products.count)
    products.append(product)
  }

  /// The rank of the pair, ``noRank`` if it does not merge.
  @inline(__always)
  func rank(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let key = UInt64(left) << 21 | UInt64(right)
    var index = Int(truncatingIfNeeded: hash(key) >> shift)
    while true {
      let slot = slots[index]
      if slot >> 21 == key { return UInt32(truncatingIfNeeded: slot & Self.rankMask) }
      if slot == Self.empty { return Self.noRank }
      index = (index + 1) & (slots.count - 1)
    }
  }
}

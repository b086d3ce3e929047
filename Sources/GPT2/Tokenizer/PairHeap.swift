/// A binary heap of the places where a pair merges, by rank and then by place.
struct PairHeap {
  /// Rank in the upper 21 bits, place in the lower 43: no word has 8 TB.
  private var keys: [UInt64] = []
  private static let placeBits: UInt64 = 43

  init(capacity: Int) {
    keys.reserveCapacity(capacity)
  }

  /// The lowest rank in the heap.
  var lowestRank: UInt32? {
    keys.isEmpty ? nil : UInt32(truncatingIfNeeded: keys[0] >> Self.placeBits)
  }

  private func key(_ rank: UInt32, _ place: Int) -> UInt64 {
    UInt64(rank) << Self.placeBits | UInt64(place)
  }

  /// Adds a place to a heap that ``order()`` is yet to be called on, unless `rank` says that nothing merges there.
  mutating func insertUnordered(rank: UInt32, place: Int) {
    if rank != MergeTable.noRank { keys.append(key(rank, place)) }
  }

  /// Makes a heap of what was inserted without order, in linear time.
  mutating func order() {
    for index in stride(from: keys.count / 2 - 1, through: 0, by: -1) { sink(keys[index], from: index) }
  }

  /// Adds a place unless `rank` says that nothing merges there.
  mutating func insert(rank: UInt32, place: Int) {
    guard rank != MergeTable.noRank else { return }
    let key = key(rank, place)
    var index = keys.count
    keys.append(key)
    while index > 0 {
      let parent = (index - 1) / 2
      if keys[parent] <= key { break }
      keys[index] = keys[parent]
      index = parent
    }
    keys[index] = key
  }

  /// Takes the leftmost place of the lowest rank out; the heap must not be empty.
  mutating func removeFirst() -> Int {
    let first = keys[0]
    let last = keys.removeLast()
    if !keys.isEmpty { sink(last, from: 0) }
    return Int(first & (1 << Self.placeBits - 1))
  }

  /// Puts `key` at `index` or as far below as order asks for.
  private mutating func sink(_ key: UInt64, from index: Int) {
    var index = index
    while true {
      var child = 2 * index + 1
      guard child < keys.count else { break }
      if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
      if key <= keys[child] { break }
      keys[index] = keys[child]
      index = child
    }
    keys[index] = key
  }
}

/// Byte-pair encoding of one word at a time.
///
/// The published algorithm: as long as any two neighbours merge, take the pair of lowest rank and replace all its
/// occurrences from left to right. Both forms below do exactly that, also for merges no trainer would write, where a
/// replacement makes a pair of lower rank than its own: such a pair waits until all occurrences of the present one are
/// replaced. (A replacement never makes another occurrence of its own pair, as its product is longer than either half.)
struct BytePairEncoder: Sendable {
  /// Words of more bytes than this take the form that costs n log n; the other costs n².
  static let shortWord = 128

  /// The token of every single byte.
  let byteTokens: [UInt32]
  var merges: MergeTable

  /// Appends the tokens of `word`.
  @inline(__always)
  func encode(_ word: Span<UInt8>, into tokens: inout [Int]) {
    if word.count <= Self.shortWord {
      encodeShort(word, into: &tokens)
    } else {
      encodeLong(word, into: &tokens)
    }
  }

  /// Replaces in place, looking through all ranks for the lowest each time.
  func encodeShort(_ word: Span<UInt8>, into tokens: inout [Int]) {
    var count = word.count
    guard count > 1 else {
      if count == 1 { tokens.append(Int(byteTokens[Int(word[0])])) }
      return
    }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * count) { buffer in
      buffer.initialize(repeating: 0)
      // ranks[i] is that of symbols[i] with symbols[i + 1]; the last stays noRank.
      let symbols = buffer.extracting(..<count)
      let ranks = buffer.extracting(count...)
      for index in 0..<count { symbols[index] = byteTokens[Int(word[index])] }
      for index in 0..<(count - 1) { ranks[index] = merges.rank(symbols[index], symbols[index + 1]) }
      ranks[count - 1] = MergeTable.noRank

      while true {
        var best = MergeTable.noRank
        var first = 0
        for index in 0..<(count - 1) where ranks[index] < best { (best, first) = (ranks[index], index) }
        if best == MergeTable.noRank { break }
        count = replaceAll(best, from: first, symbols, ranks, count: count)
      }
      for index in 0..<count { tokens.append(Int(symbols[index])) }
    }
  }

  /// Replaces every occurrence of the pair of rank `rank`, the first being at `first`; returns the new count.
  @inline(__always)
  private func replaceAll(
    _ rank: UInt32, from first: Int, _ symbols: UnsafeMutableBufferPointer<UInt32>,
    _ ranks: UnsafeMutableBufferPointer<UInt32>, count: Int
  ) -> Int {
    let product = merges.products[Int(rank)]
    var read = first
    var write = first
    while read < count {
      if ranks[read] == rank {
        symbols[write] = product
        read += 2
        // The pair to the left has lost its right half. To the left of the replaced pair all ranks are of the new
        // symbols, to the right none has been touched.
        if write > 0 { ranks[write - 1] = merges.rank(symbols[write - 1], product) }
        ranks[write] = read < count ? merges.rank(product, symbols[read]) : MergeTable.noRank
      } else {
        symbols[write] = symbols[read]
        ranks[write] = ranks[read]
        read += 1
      }
      write += 1
    }
    return write
  }

  /// Replaces in a linked list, with the pairs that merge in a heap by rank and then by place.
  func encodeLong(_ word: Span<UInt8>, into tokens: inout [Int]) {
    var list = SymbolList(count: word.count) { byteTokens[Int(word[$0])] }
    var heap = PairHeap(capacity: word.count)
    for index in 0..<max(0, word.count - 1) {
      heap.insertUnordered(rank: merges.rank(list.symbols[index], list.symbols[index + 1]), place: index)
    }
    heap.order()

    var places: [Int] = []
    while let rank = heap.lowestRank {
      // All places of this rank leave the heap before any replacement, so that a pair of lower rank that one of them
      // makes cannot come before the rest.
      places.removeAll(keepingCapacity: true)
      while heap.lowestRank == rank { places.append(heap.removeFirst()) }
      let product = merges.products[Int(rank)]
      for place in places {
        // A place is stale when its symbol, or the one after it, has since become part of another.
        guard let next = list.next(place), merges.rank(list.symbols[place], list.symbols[next]) == rank else {
          continue
        }
        list.join(place, next, into: product)
        if let previous = list.previous(place) {
          heap.insert(rank: merges.rank(list.symbols[previous], product), place: previous)
        }
        if let following = list.next(place) {
          heap.insert(rank: merges.rank(product, list.symbols[following]), place: place)
        }
      }
    }
    list.append(to: &tokens)
  }
}

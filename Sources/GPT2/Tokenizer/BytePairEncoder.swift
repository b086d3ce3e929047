/// Byte-pair encoding of one word at a time.
///
/// As long as any two neighbours merge, the pair of lowest rank does, of several the leftmost. Both forms below do exactly
/// that, as tokenizers does. The encoder that OpenAI published replaces all occurrences of a pair before it looks again,
/// which is the same for all merges but such as no training writes: where a replacement makes a pair of lower rank.
struct BytePairEncoder: Sendable {
  /// Words of more bytes than this take the form that costs n log n; the other costs n².
  static let shortWord = 128
  /// Stands for no token.
  static let none = UInt32.max

  /// The token of every single byte; ``none`` for a byte that the vocabulary lacks.
  let byteTokens: [UInt32]
  /// What a byte without a token becomes; ``none`` drops it.
  var unknown = Self.none
  /// Whether bytes without a token that follow each other become one ``unknown``.
  var fusesUnknown = false
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

  /// Passes on the symbols that a word begins as: the tokens of its bytes.
  @inline(__always)
  private func symbols(of word: Span<UInt8>, _ body: (UInt32) -> Void) {
    var isAfterUnknown = false
    for index in 0..<word.count {
      let token = byteTokens[Int(word[index])]
      if token != Self.none {
        body(token)
        isAfterUnknown = false
      } else if unknown != Self.none, !(fusesUnknown && isAfterUnknown) {
        body(unknown)
        isAfterUnknown = true
      }
    }
  }

  /// Replaces in place, looking through all ranks for the lowest each time.
  func encodeShort(_ word: Span<UInt8>, into tokens: inout [Int]) {
    guard word.count > 0 else { return }
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * word.count) { buffer in
      buffer.initialize(repeating: 0)
      // ranks[i] is that of symbols[i] with symbols[i + 1]; the last stays noRank.
      let symbols = buffer.extracting(..<word.count)
      let ranks = buffer.extracting(word.count...)
      var count = 0
      self.symbols(of: word) { token in
        symbols[count] = token
        count += 1
      }
      guard count > 0 else { return }
      for index in 0..<(count - 1) { ranks[index] = merges.rank(symbols[index], symbols[index + 1]) }
      ranks[count - 1] = MergeTable.noRank

      while true {
        var best = MergeTable.noRank
        var place = 0
        for index in 0..<(count - 1) where ranks[index] < best { (best, place) = (ranks[index], index) }
        if best == MergeTable.noRank { break }
        symbols[place] = merges.products[Int(best)]
        count -= 1
        for index in (place + 1)..<count {
          symbols[index] = symbols[index + 1]
          ranks[index] = ranks[index + 1]
        }
        ranks[place] =
          place + 1 < count ? merges.rank(symbols[place], symbols[place + 1]) : MergeTable.noRank
        if place > 0 { ranks[place - 1] = merges.rank(symbols[place - 1], symbols[place]) }
      }
      for index in 0..<count { tokens.append(Int(symbols[index])) }
    }
  }

  /// Replaces in a linked list, with the pairs that merge in a heap by rank and then by place.
  func encodeLong(_ word: Span<UInt8>, into tokens: inout [Int]) {
    var first: [UInt32] = []
    first.reserveCapacity(word.count)
    symbols(of: word) { first.append($0) }
    var list = SymbolList(first)
    var heap = PairHeap(capacity: first.count)
    for index in 0..<max(0, first.count - 1) {
      heap.insertUnordered(rank: merges.rank(first[index], first[index + 1]), place: index)
    }
    heap.order()

    while let rank = heap.lowestRank {
      let place = heap.removeFirst()
      // A place is stale when its symbol, or the one after it, has since become part of another.
      guard let next = list.next(place), merges.rank(list.symbols[place], list.symbols[next]) == rank else { continue }
      let product = merges.products[Int(rank)]
      list.join(place, next, into: product)
      if let previous = list.previous(place) {
        heap.insert(rank: merges.rank(list.symbols[previous], product), place: previous)
      }
      if let following = list.next(place) {
        heap.insert(rank: merges.rank(product, list.symbols[following]), place: place)
      }
    }
    list.append(to: &tokens)
  }
}

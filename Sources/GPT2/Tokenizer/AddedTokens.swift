/// Tokens that are looked for in the text itself, before it is cut into words.
struct AddedTokens: Sendable {
  /// Sorted by bytes, so that those with a common beginning are neighbours, the shortest first.
  private let entries: [(bytes: [UInt8], token: Int)]
  /// Whether any entry begins with the byte.
  private let begins: [Bool]

  /// - Parameter entries: none of them empty, no two of equal bytes.
  init(_ entries: [(bytes: [UInt8], token: Int)]) {
    self.entries = entries.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    var begins = [Bool](repeating: false, count: 256)
    for entry in entries { begins[Int(entry.bytes[0])] = true }
    self.begins = begins
  }

  var isEmpty: Bool { entries.isEmpty }

  /// The leftmost occurrence in `text` from `start` on, and there the longest.
  func first(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, token: Int)? {
    guard !isEmpty else { return nil }
    for index in start..<text.count where begins[Int(text[index])] {
      if let match = longest(in: text, at: index) { return (index..<(index + match.length), match.token) }
    }
    return nil
  }

  /// The longest entry that stands at `index`, by narrowing the sorted entries byte by byte.
  private func longest(in text: Span<UInt8>, at index: Int) -> (length: Int, token: Int)? {
    var range = entries.indices
    var best: (length: Int, token: Int)?
    var depth = 0
    while index + depth < text.count {
      let byte = text[index + depth]
      // The entry that ends here, if any, is the first of the range and has been noted.
      if let best, best.length == depth { range = (range.lowerBound + 1)..<range.upperBound }
      let lower = partition(range) { $0.bytes[depth] >= byte }
      let upper = partition(lower..<range.upperBound) { $0.bytes[depth] > byte }
      range = lower..<upper
      if range.isEmpty { break }
      depth += 1
      if entries[lower].bytes.count == depth { best = (depth, entries[lower].token) }
    }
    return best
  }

  /// The first index in `range` whose entry, and so every later one, satisfies `predicate`.
  private func partition(
    _ range: Range<Int>, _ predicate: ((bytes: [UInt8], token: Int)) -> Bool
  ) -> Int {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(entries[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

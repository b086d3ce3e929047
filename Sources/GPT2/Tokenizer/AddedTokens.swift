/// Added tokens that are looked for together in a text: of several, the leftmost and then the longest.
struct AddedTokens: Sendable {
  struct Entry: Sendable {
    var bytes: [UInt8]
    var token: Int
    /// As it was added; its content is `bytes` unless that was normalized.
    var rules: AddedToken
    var isSpecial: Bool
  }

  /// Sorted by bytes, so that those with a common beginning are neighbours, the shortest first.
  private let entries: [Entry]
  /// Whether any entry begins with the byte.
  private let begins: [Bool]

  /// - Parameter entries: none of them empty, no two of equal bytes.
  init(_ entries: [Entry]) {
    self.entries = entries.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    var begins = [Bool](repeating: false, count: 256)
    for entry in entries { begins[Int(entry.bytes[0])] = true }
    self.begins = begins
  }

  var isEmpty: Bool { entries.isEmpty }

  /// The leftmost occurrence in `text` from `start` on, and there the longest.
  func first(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, entry: Entry)? {
    guard !isEmpty else { return nil }
    var index = start
    while index < text.count {
      if begins[Int(text[index])], let (length, entry) = longest(in: text, at: index) {
        return (index..<(index + length), entries[entry])
      }
      index += 1
    }
    return nil
  }

  /// The longest entry that stands at `index`, by narrowing the sorted entries byte by byte.
  private func longest(in text: Span<UInt8>, at index: Int) -> (length: Int, entry: Int)? {
    var range = entries.indices
    var best: (length: Int, entry: Int)?
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
      if entries[lower].bytes.count == depth { best = (depth, lower) }
    }
    return best
  }

  /// The first index in `range` whose entry, and so every later one, satisfies `predicate`.
  private func partition(_ range: Range<Int>, _ predicate: (Entry) -> Bool) -> Int {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(entries[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

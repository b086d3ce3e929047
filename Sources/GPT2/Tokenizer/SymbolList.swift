/// The symbols of a word as a doubly linked list, each known by the place where its first part was.
struct SymbolList {
  /// By place; meaningless at a place whose symbol was joined to the one before it.
  private(set) var symbols: [UInt32]
  /// Each symbol's next place, `symbols.count` for the last; -1 where there is no symbol any more.
  private var nextPlaces: [Int]
  /// -1 for the first.
  private var previousPlaces: [Int]

  init(_ symbols: [UInt32]) {
    self.symbols = symbols
    nextPlaces = Array(1..<(symbols.count + 1))
    previousPlaces = Array(-1..<(symbols.count - 1))
  }

  /// The place after `place`; nil at the end, and where there is no symbol any more.
  func next(_ place: Int) -> Int? {
    let next = nextPlaces[place]
    return next < 0 || next == symbols.count ? nil : next
  }

  func previous(_ place: Int) -> Int? {
    let previous = previousPlaces[place]
    return previous < 0 ? nil : previous
  }

  /// Replaces the symbols at `place` and at the place after it, `next`, by `product` at `place`.
  mutating func join(_ place: Int, _ next: Int, into product: UInt32) {
    let following = nextPlaces[next]
    symbols[place] = product
    nextPlaces[place] = following
    nextPlaces[next] = -1
    if following < symbols.count { previousPlaces[following] = place }
  }

  /// Appends the symbols in order.
  func append(to tokens: inout [Int]) {
    var place = 0
    while place < symbols.count {
      tokens.append(Int(symbols[place]))
      place = nextPlaces[place]
    }
  }
}

/// The tokens with the `count` greatest logits of a row; among equal logits the lower id is the greater.
///
/// One scan with a heap of `count`: a logit that does not make it, as most do not, costs one comparison.
struct GreatestLogits {
  /// A logit and its token as one number that orders as they do.
  struct Element: Comparable {
    private let key: UInt64

    @inline(__always)
    init(logit: Float, token: Int) {
      // −0 becomes 0, its equal. Patterns of negative numbers order backwards.
      let pattern = (logit + 0).bitPattern
      let ordered = pattern >> 31 == 0 ? pattern | 1 << 31 : ~pattern
      key = UInt64(ordered) << 32 | UInt64(~UInt32(token))
    }

    var token: Int { Int(~UInt32(truncatingIfNeeded: key)) }

    @inline(__always)
    static func < (one: Element, other: Element) -> Bool { one.key < other.key }
  }

  /// A binary heap, the least at index 0.
  private var heap: [Element] = []

  /// Tokens of −∞ never count among the greatest, so there may be fewer than `count`.
  init(_ count: Int, of logits: Span<Float>) {
    let count = min(count, logits.count)
    guard count > 0 else { return }
    heap.reserveCapacity(count)
    logits.withUnsafeBufferPointer { logits in
      var next = 0
      while next < logits.count, heap.count < count {
        if logits[next] > -.infinity { heap.append(Element(logit: logits[next], token: next)) }
        next += 1
      }
      guard heap.count == count else { return }
      for index in stride(from: count / 2 - 1, through: 0, by: -1) { sink(heap[index], from: index) }
      var least = logits[heap[0].token]
      for token in next..<logits.count where logits[token] > least {
        sink(Element(logit: logits[token], token: token), from: 0)
        least = logits[heap[0].token]
      }
    }
  }

  /// Puts `element` into the hole at `index` or below it.
  private mutating func sink(_ element: Element, from index: Int) {
    var hole = index
    while true {
      var child = 2 * hole + 1
      if child >= heap.count { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if element < heap[child] { break }
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = element
  }

  /// The tokens by logit, greatest first.
  func tokensByLogit() -> [Int] { heap.sorted(by: >).map(\.token) }

  /// The tokens by id, lowest first.
  func tokensByID() -> [Int] { heap.map(\.token).sorted() }
}

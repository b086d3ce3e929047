/// A set of up to 64 things that are numbered, a bit for each.
public struct SmallSet<Element: RawRepresentable & Sendable>: Hashable, Sendable where Element.RawValue == UInt8 {
  private var bits: UInt64 = 0

  public init(_ elements: [Element] = []) { for element in elements { insert(element) } }

  public mutating func insert(_ element: Element) {
    precondition(element.rawValue < 64, "a set has 64 bits")
    bits |= 1 << UInt64(element.rawValue)
  }

  public func contains(_ element: Element) -> Bool { bits >> UInt64(element.rawValue) & 1 == 1 }

  public mutating func formUnion(_ other: SmallSet) { bits |= other.bits }

  public func union(_ other: SmallSet) -> SmallSet {
    var union = self
    union.formUnion(other)
    return union
  }

  public var count: Int { bits.nonzeroBitCount }
}

extension SmallSet: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Element...) { self.init(elements) }
}

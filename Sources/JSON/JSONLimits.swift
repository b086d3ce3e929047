/// Bounds on what a JSON text may make the reader do; the text's own size is bounded by whoever reads the file.
public struct JSONLimits: Hashable, Sendable {
  /// How many arrays and objects may be open at once. The reader recurses, so this bounds its stack.
  public var depth: Int
  /// How many values, nested ones included, the text may hold. Two bytes of text can make one value of some twenty
  /// bytes, so this bounds the memory of the result.
  public var valueCount: Int
  /// Whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes and reads them, and so is one beyond `Double`.
  public var allowsNonFinite: Bool

  public init(depth: Int = 64, valueCount: Int = 4_000_000, allowsNonFinite: Bool = false) {
    self.depth = depth
    self.valueCount = valueCount
    self.allowsNonFinite = allowsNonFinite
  }
}

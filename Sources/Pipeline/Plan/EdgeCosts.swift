/// How long the coordinator's own work takes it.
public struct EdgeCosts: Hashable, Sendable {
  /// Embedding and ln_f, by rows.
  public var edges: TimeCurve
  /// Head and the choice of a token, by the rows that a token follows.
  public var head: TimeCurve
  /// Bytes of the head's matrix, which every use of it reads once.
  public var headBytes: Double

  public init(edges: TimeCurve, head: TimeCurve, headBytes: Double) {
    self.edges = edges
    self.head = head
    self.headBytes = headBytes
  }
}

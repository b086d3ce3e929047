/// What of a model's shape decides how long its blocks take.
public struct BlockShape: Hashable, Sendable {
  /// Width of the residual stream, C.
  public var width: Int
  /// Numbers in the matrices of one block.
  public var matrixElements: Int
  /// Bytes of these matrices, which every micro-batch reads once.
  public var weightBytes: Double
  /// How fast attention multiplies, as a share of the rate of the matrix products.
  public var attentionShare: Double

  public init(width: Int, matrixElements: Int, weightBytes: Double, attentionShare: Double = 0.5) {
    (self.width, self.matrixElements) = (width, matrixElements)
    (self.weightBytes, self.attentionShare) = (weightBytes, attentionShare)
  }

  /// Bytes of the cached keys and values of one position.
  var cacheBytes: Double { 8 * Double(width) }
}

/// What of a model's shape decides how long its blocks take.
public struct BlockShape: Hashable, Sendable {
  /// Width of the residual stream, C.
  public var width: Int
  /// Numbers in the matrices of one block.
  public var matrixElements: Int

  public init(width: Int, matrixElements: Int) {
    self.width = width
    self.matrixElements = matrixElements
  }

  /// Bytes of the matrices of one block, which every micro-batch reads once, as fp32.
  var weightBytes: Double { 4 * Double(matrixElements) }

  /// Bytes of the cached keys and values of one position.
  var cacheBytes: Double { 8 * Double(width) }
}

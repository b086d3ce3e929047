extension Configuration {
  /// Numbers in the matrices of the blocks.
  var blockMatrixElements: Int { layerCount * matrixElementsPerBlock }

  /// Numbers in the matrices of one block.
  public var matrixElementsPerBlock: Int { 4 * width * width + 2 * width * innerWidth }

  /// Bytes of the head's matrix in memory, as fp32.
  public var headBytes: Double { 4 * Double(headMatrixElements) }

  /// Numbers in the head's matrix.
  var headMatrixElements: Int { width * vocabularySize }

  /// Floating-point operations of the matrix products of `count` rows from position `start` of a sequence through all
  /// blocks: the weights', and the scores and weighted sums of causal attention. A multiply-add is two.
  public func blockOperations(start: Int, count: Int) -> Double {
    let keys = Double(count) * (Double(start) + Double(count + 1) / 2)
    return 2 * Double(count) * Double(blockMatrixElements) + 4 * keys * Double(width) * Double(layerCount)
  }

  /// Floating-point operations of the head for one row.
  public var headOperations: Double { 2 * Double(headMatrixElements) }

  /// Bytes of fp32 weights that a decoded token reads: every matrix of the blocks, and the head.
  public var decodeWeightBytes: Double { 4 * Double(blockMatrixElements + headMatrixElements) }

  /// Bytes of cached keys and values that a row at `position` reads.
  public func cacheBytes(position: Int) -> Double { 8 * Double(position + 1) * Double(width * layerCount) }
}

extension Configuration {
  /// Numbers in the matrices of the blocks.
  var blockMatrixElements: Int { layerCount * matrixElementsPerBlock }

  /// Numbers in the matrices of one block.
  public var matrixElementsPerBlock: Int { 4 * width * width + 2 * width * innerWidth }

  /// Numbers in the head's matrix.
  var headMatrixElements: Int { width * vocabularySize }

  /// Operations of the products of `count` rows with the matrices of all blocks. A multiply-add is two.
  public func productOperations(count: Int) -> Double { 2 * Double(count) * Double(blockMatrixElements) }

  /// Floating-point operations of the scores and weighted sums of causal attention of `count` rows from position `start` of a
  /// sequence, in all blocks. A multiply-add is two.
  public func attentionOperations(start: Int, count: Int) -> Double {
    let keys = Double(count) * (Double(start) + Double(count + 1) / 2)
    return 4 * keys * Double(width) * Double(layerCount)
  }

  /// Operations of the head for one row.
  public var headOperations: Double { 2 * Double(headMatrixElements) }

  /// Bytes of weights that a token's way through the blocks reads: every matrix of theirs.
  public var productWeightBytes: Double { Double(layerCount * blockMatrixBytes) }

  /// Bytes of weights that a decoded token reads: every matrix of the blocks, and the head.
  public var decodeWeightBytes: Double { productWeightBytes + Double(headBytes) }

  /// Bytes of cached keys and values that a row at `position` reads.
  public func cacheBytes(position: Int) -> Double { 8 * Double(position + 1) * Double(width * layerCount) }
}

internal import CKernels

extension Configuration {
  /// Bytes that the weights of one block take in memory, as fp32.
  public var blockWeightBytes: Int {
    4 * (4 * width * width + 2 * width * innerWidth + 9 * width + innerWidth)
  }

  /// Bytes that token and position embeddings, ln_f and head take in memory, as fp32.
  public var edgeWeightBytes: Int {
    4 * (width * vocabularySize * (tiesHead ? 1 : 2) + width * positionCount + 2 * width)
  }

  /// Positions that a sequence's cache takes memory for at a time.
  public static var cacheChunk: Int { Int(GPT2_CACHE_CHUNK) }

  /// Bytes of keys and values of one position of one sequence in one block.
  public var blockCacheBytes: Int { 8 * width }

  /// Bytes that a stage works in, whatever its number of blocks, for micro-batches of up to `rowLimit` rows.
  public func stageScratchBytes(rowLimit: Int) -> Int { 4 * rowLimit * (6 * width + innerWidth) }
}

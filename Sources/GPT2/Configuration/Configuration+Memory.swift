internal import CKernels

extension Configuration {
  /// Bytes that the weights of one block take in memory.
  public var blockWeightBytes: Int { blockMatrixBytes + 4 * (9 * width + innerWidth) }

  /// Bytes of the matrices of one block.
  public var blockMatrixBytes: Int {
    blockMatrices.reduce(0) { $0 + weights.blocks.byteCount(inner: $1.inner, columns: $1.columns) }
  }

  /// Bytes that token and position embeddings, ln_f and head take in memory.
  public var edgeWeightBytes: Int {
    let embedding = weights.embedding.byteCount(inner: width, columns: vocabularySize)
    return embedding + (sharesHead ? 0 : headBytes) + 4 * (width * positionCount + 2 * width)
  }

  /// Bytes of all weights in memory.
  public var weightBytes: Int { layerCount * blockWeightBytes + edgeWeightBytes }

  /// Bytes of the head's matrix.
  public var headBytes: Int { weights.head.byteCount(inner: width, columns: vocabularySize) }

  /// Whether the head's matrix is the token embedding, in memory too.
  var sharesHead: Bool { tiesHead && weights.head == weights.embedding }

  /// Sizes of a block's matrices, which are `[inner, columns]`.
  private var blockMatrices: [(inner: Int, columns: Int)] {
    [(width, 3 * width), (width, width), (width, innerWidth), (innerWidth, width)]
  }

  /// Positions that a sequence's cache takes memory for at a time.
  public static var cacheChunk: Int { Int(GPT2_CACHE_CHUNK) }

  /// Bytes of keys and values of one position of one sequence in one block.
  public var blockCacheBytes: Int { 8 * width }

  /// Bytes that a stage works in, whatever its number of blocks, for micro-batches of up to `rowLimit` rows.
  public func stageScratchBytes(rowLimit: Int) -> Int { 4 * rowLimit * (6 * width + innerWidth) }
}

public import GPT2
public import Pipeline

extension StageMemory {
  /// What a stage of a model of this shape takes, with room for at least one sequence of full length.
  public init(_ configuration: Configuration, rowLimit: Int) {
    self.init(
      fixed: configuration.stageScratchBytes(rowLimit: rowLimit), block: configuration.blockWeightBytes,
      position: configuration.blockCacheBytes, positionCount: configuration.positionCount)
  }
}

extension BlockShape {
  /// A block of a model of this shape.
  public init(_ configuration: Configuration) {
    self.init(
      width: configuration.width, matrixElements: configuration.matrixElementsPerBlock,
      weightBytes: Double(configuration.blockMatrixBytes),
      // It multiplies matrices as narrow as a head, and has the softmax between them. It is fp32 beside INT8 too, which is
      // multiplied some four times as fast.
      attentionShare: configuration.weights.blocks == .int8 ? 0.15 : 0.5)
  }
}

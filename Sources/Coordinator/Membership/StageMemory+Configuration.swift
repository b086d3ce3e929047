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

/// What a stage takes of its worker's memory, in bytes.
public struct StageMemory: Hashable, Sendable {
  /// Whatever the number of blocks: scratch, buffers, the program.
  public var fixed: Int
  /// Weights of one block.
  public var block: Int
  /// Keys and values of one position of one sequence in one block.
  public var position: Int
  /// Positions, of all sequences together, that a stage has to be able to cache.
  public var positionCount: Int

  public init(fixed: Int, block: Int, position: Int, positionCount: Int) {
    self.fixed = fixed
    self.block = block
    self.position = position
    self.positionCount = positionCount
  }

  /// Bytes that a stage of `blocks` blocks needs; `Int.max` for more than can be counted.
  public func needed(blocks: Int) -> Int {
    let (cache, cacheOverflow) = position.multipliedReportingOverflow(by: positionCount)
    let (each, eachOverflow) = block.addingReportingOverflow(cache)
    let (all, allOverflow) = each.multipliedReportingOverflow(by: blocks)
    let (sum, sumOverflow) = all.addingReportingOverflow(fixed)
    return cacheOverflow || eachOverflow || allOverflow || sumOverflow ? Int.max : sum
  }

  /// Most blocks, up to `limit`, that fit into `bytes`.
  public func blocks(in bytes: Int, limit: Int) -> Int {
    (1..<(limit + 1)).last { needed(blocks: $0) <= bytes } ?? 0
  }

  /// Positions, of all sequences together, that a stage of `blocks` blocks can cache in `bytes`; may be negative.
  public func positions(in bytes: Int, blocks: Int) -> Int {
    let left = bytes.subtractingReportingOverflow(fixed).partialValue - block * blocks
    return left / max(1, position * blocks)
  }
}

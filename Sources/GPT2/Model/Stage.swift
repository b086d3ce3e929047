public import MicroBatching
public import Platform

/// A contiguous slice of the stack of blocks with its KV cache: what one worker serves.
///
/// A stage is a function of its weights, its cache and a micro-batch. It is driven from one thread at a time; the kernels
/// fan out over the pool.
public final class Stage {
  public let layers: LayerRange
  public let configuration: Configuration
  private let blocks: [Block]
  private let cache: KVCache
  private let scratch: StageScratch
  private let kernels: Kernels
  private let pool: ThreadPool

  /// Of blocks that are held.
  ///
  /// - Parameter slotCount: how many sequences the cache has room for.
  /// - Throws: ``ModelError``.
  /// - Precondition: `layers` are all held.
  public init(
    _ held: HeldBlocks, layers: LayerRange, slotCount: Int, kernels: Kernels, pool: ThreadPool
  ) throws(ModelError) {
    self.layers = layers
    self.kernels = kernels
    self.pool = pool
    configuration = held.configuration
    blocks = held.blocks(layers)
    cache = KVCache(
      configuration: configuration, layerCount: layers.count, slotCount: slotCount, kernels: kernels)
    scratch = try StageScratch(configuration)
  }

  /// Loads the tensors of `layers`, and no others.
  ///
  /// - Parameters:
  ///   - slotCount: how many sequences the cache has room for.
  ///   - progress: called after every tensor, on this thread.
  /// - Throws: ``CheckpointError``, ``ModelError``.
  /// - Precondition: `layers` are blocks of the checkpoint.
  public convenience init(
    _ checkpoint: Checkpoint, layers: LayerRange, slotCount: Int, kernels: Kernels, pool: ThreadPool,
    progress: () -> Void = {}
  ) throws {
    precondition(layers.lowerBound >= 0 && layers.upperBound <= checkpoint.configuration.layerCount)
    var held = HeldBlocks(configuration: checkpoint.configuration)
    try held.load(layers, from: checkpoint, kernels: kernels, pool: pool, progress: progress)
    try self.init(held, layers: layers, slotCount: slotCount, kernels: kernels, pool: pool)
  }

  /// Runs the slice in place.
  ///
  /// - Parameters:
  ///   - activations: `[R, C]`, rows in the order of the micro-batch's segments.
  ///   - progress: called after every block.
  /// - Throws: ``ModelError`` when a segment does not fit the cache; nothing is changed then.
  /// - Precondition: `activations` has as many rows as the micro-batch.
  public func forward(
    _ microBatch: MicroBatch, _ activations: Activations, progress: () -> Void = {}
  ) throws(ModelError) {
    precondition(activations.rowCount == microBatch.rowCount && activations.width == configuration.width)
    try scratch.resize(rowCount: microBatch.rowCount)
    try cache.admit(microBatch)
    guard microBatch.rowCount > 0 else { return }
    for (index, block) in blocks.enumerated() {
      defer { progress() }
      block.apply(
        Rows(activations), microBatch, layer: index, cache: cache, scratch: scratch, kernels: kernels, pool: pool)
    }
  }

  /// Threads that it computes with.
  public var threadCount: Int { pool.threadCount }

  /// How many positions of a slot are cached.
  public func cachedLength(slot: Int) -> Int { cache.length(of: slot) }

  /// Gives a slot's memory back.
  public func release(slot: Int) { cache.release(slot) }
}

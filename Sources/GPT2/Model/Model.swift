public import MicroBatching
public import Platform

/// A whole GPT-2 in one process: embedding, all blocks, ln_f and head.
///
/// One thread drives it; the kernels fan out over its pool. Bits do not depend on how work is cut into micro-batches, on
/// the number of threads or on the instruction set.
public final class Model {
  public let configuration: Configuration
  public let kernels: Kernels
  public let pool: ThreadPool
  public let slotCount: Int
  /// Bytes of the checkpoint's tensors that were read.
  public let weightBytesRead: Int
  private let embedding: Embedding
  private let stage: Stage
  private let head: Head
  private let activations: Activations

  /// Rows that pass through the stack at a time; more only take room.
  public static let rowsAtATime = 512

  /// Loads a checkpoint.
  ///
  /// - Parameters:
  ///   - slotCount: how many sequences can be cached at once.
  /// - Throws: ``CheckpointError``, ``ModelError``.
  public init(_ checkpoint: Checkpoint, slotCount: Int, kernels: Kernels, pool: ThreadPool) throws {
    configuration = checkpoint.configuration
    self.kernels = kernels
    self.pool = pool
    self.slotCount = slotCount
    embedding = try Embedding(checkpoint, kernels: kernels, pool: pool)
    stage = try Stage(
      checkpoint, layers: 0..<configuration.layerCount, slotCount: slotCount, kernels: kernels, pool: pool)
    head = try Head(checkpoint, tiedTo: embedding, kernels: kernels, pool: pool)
    activations = try Activations(width: configuration.width)
    weightBytesRead = checkpoint.byteCount(of: configuration.parts)
  }

  /// Runs a micro-batch through the stack.
  ///
  /// - Parameters:
  ///   - tokens: one for each row
  ///   - hidden: resized to `[R, C]`, the hidden states after ln_f
  /// - Throws: ``ModelError``; the cache is then as it was.
  public func forward(_ tokens: some Collection<Int>, _ microBatch: MicroBatch, into hidden: Activations)
    throws(ModelError)
  {
    try embedding.apply(tokens, microBatch, into: activations)
    // All room is had before the cache is touched.
    try hidden.resize(rowCount: microBatch.rowCount)
    try stage.forward(microBatch, activations)
    try head.normalize(activations, into: hidden)
  }

  /// Logits `[rows.count, V]` of some rows of hidden states.
  public func logits(of hidden: Activations, rows: Range<Int>, into logits: Activations) throws(ModelError) {
    try head.logits(of: hidden, rows: rows, into: logits)
  }

  /// How many positions of a slot are cached.
  public func cachedLength(slot: Int) -> Int { stage.cachedLength(slot: slot) }

  /// Gives a slot's memory back.
  public func release(slot: Int) { stage.release(slot: slot) }
}

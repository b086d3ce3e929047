public import MicroBatching
public import Platform

/// Blocks of one model whose weights are in memory, whoever uses them.
public struct HeldBlocks {
  public let configuration: Configuration
  private var blocks: [Int: Block] = [:]

  public init(configuration: Configuration) { self.configuration = configuration }

  /// Those of `layers` that are not there.
  public func missing(of layers: LayerRange) -> [Int] { layers.filter { blocks[$0] == nil } }

  /// Lets go of all but `layers`.
  public mutating func keep(only layers: some Collection<Int>) { blocks = blocks.filter { layers.contains($0.key) } }

  /// Loads those of `layers` that are not there.
  ///
  /// - Parameters:
  ///   - checkpoint: has at least their tensors.
  ///   - progress: called after every tensor, on this thread.
  /// - Throws: ``CheckpointError``, ``ModelError``.
  public mutating func load(
    _ layers: LayerRange, from checkpoint: Checkpoint, kernels: Kernels, pool: ThreadPool, progress: () -> Void = {}
  ) throws {
    for layer in missing(of: layers) {
      blocks[layer] = try Block(
        checkpoint, layer: layer, as: configuration.weights.choice, kernels: kernels, pool: pool, progress: progress)
    }
  }

  /// The blocks of these layers, which are all there.
  func blocks(_ layers: LayerRange) -> [Block] { layers.map { blocks[$0]! } }
}

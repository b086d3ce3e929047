internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform

/// The blocks that a worker holds in memory, and those that are on their way there.
///
/// Used from one thread.
struct WeightHolder {
  var configuration: Configuration { held.configuration }
  private let source: SliceSource
  private let kernels: Kernels
  private let pool: ThreadPool
  private var held: HeldBlocks
  /// By which tensors each block was asked for: another coordinator may have others under the same number.
  private var tensors: [Int: ArraySlice<TensorDescription>] = [:]
  /// What is on its way, for which blocks; without a slice where all are there.
  private var coming: (slice: AssignedSlice?, assignment: Assignment)?

  init(_ configuration: Configuration, from source: SliceSource, kernels: Kernels, pool: ThreadPool) {
    (self.source, self.kernels, self.pool) = (source, kernels, pool)
    held = HeldBlocks(configuration: configuration)
  }

  /// Lets go of what the assignment does not name, and begins to load what it names and is not there.
  ///
  /// Blocks while it reads what this machine has of it.
  ///
  /// - Parameter progress: called on this thread after every tensor.
  /// - Throws: ``WeightsError``, ``CheckpointError``.
  mutating func begin(_ assignment: Assignment, progress: () -> Void) throws {
    // There may be no room for both.
    coming = nil
    held.keep(only: assignment.layers.filter { tensors[$0] == assignment.tensors(of: $0) })
    let missing = held.missing(of: assignment.layers)
    coming = (
      missing.isEmpty
        ? nil
        : try AssignedSlice(
          assignment, of: configuration, from: source, missing: missing, pool: pool, progress: progress),
      assignment
    )
  }

  /// The next request for what is missing; nil when none may be sent now.
  func wanted() throws -> Wanted? { try coming?.slice?.wanted() }

  func accept(_ piece: Piece) throws { try coming?.slice?.accept(piece) }

  /// Loads the blocks if all of their weights are there.
  ///
  /// - Returns: bytes of weights by where they came from; nil while some are on their way.
  mutating func finish(progress: () -> Void) throws -> (read: Int, received: Int, cached: Int)? {
    guard let (slice, assignment) = coming, slice?.isComplete ?? true else { return nil }
    coming = nil
    guard let slice else { return (0, 0, 0) }
    try held.load(assignment.layers, from: slice.checkpoint(), kernels: kernels, pool: pool, progress: progress)
    for layer in assignment.layers { tensors[layer] = assignment.tensors(of: layer) }
    return (slice.bytesRead, slice.bytesReceived, slice.bytesCached)
  }

  /// A stage of blocks that are held.
  func stage(_ layers: LayerRange, slotCount: Int) throws -> Stage {
    try Stage(held, layers: layers, slotCount: slotCount, kernels: kernels, pool: pool)
  }
}

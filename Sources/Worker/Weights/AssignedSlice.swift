public import GPT2
internal import MicroBatching
public import Pipeline
public import Platform

/// The weights of an assignment on their way to the worker, wherever they come from.
///
/// Send what ``wanted()`` returns until it returns nil, give every piece that arrives to ``accept(_:)``, ask again, and
/// load ``checkpoint()`` once the slice ``isComplete``. When the link breaks, drop it: what has arrived stays in the cache.
/// Used from one thread.
public final class AssignedSlice {
  private let assignment: Assignment
  private let configuration: Configuration
  private let source: SliceSource
  private let expected: [ExpectedTensor]
  /// Blocks of the assignment that are to come, and indices of their tensors in it.
  private let missing: [Int]
  private let wantedTensors: Set<Int>
  private var stored: [StoredTensor?]
  private var partial: [Int: PartialTensor] = [:]
  private var repeated: Set<Int> = []
  private var transfer: SliceTransfer

  /// Checks the worker's own files, or what the cache has of the slice, by the assignment's fingerprints.
  ///
  /// Blocks while it reads all of those bytes. Own files that count as the coordinator's are not read.
  ///
  /// - Parameters:
  ///   - missing: blocks of the assignment that are to come, ascending; nil for all of them.
  ///   - progress: called on this thread after every tensor.
  /// - Throws: ``WeightsError``, ``CheckpointError``.
  public init(
    _ assignment: Assignment, of configuration: Configuration, from source: SliceSource, missing: [Int]? = nil,
    pool: ThreadPool, progress: () -> Void = {}
  ) throws {
    self.assignment = assignment
    self.configuration = configuration
    self.source = source
    let layers = assignment.layers
    guard layers.lowerBound >= 0, layers.upperBound <= configuration.layerCount else {
      throw WeightsError.blocksOutOfRange(layers, layerCount: configuration.layerCount)
    }
    let blocks = missing ?? Array(layers)
    self.missing = blocks
    expected = assignment.sharesFiles ? [] : try assignment.expectedTensors(of: configuration)
    let perBlock = layers.isEmpty ? 0 : expected.count / layers.count
    let wanted = expected.indices.filter { blocks.contains(layers.lowerBound + $0 / perBlock) }
    wantedTensors = Set(wanted)
    stored = Array(repeating: nil, count: expected.count)
    switch source {
    case .checkpoint(let checkpoint):
      transfer = SliceTransfer(byteCounts: [])
      guard checkpoint.configuration.isLike(configuration) else {
        throw WeightsError.otherConfiguration(folder: checkpoint.folder.name)
      }
      if assignment.sharesFiles { return }
      let own = blocks.flatMap { checkpoint.tensors(of: .block($0)) }
      let these = wanted.map { expected[$0] }
      for ((tensor, expected), found) in zip(zip(own, these), try own.fingerprints(pool: pool, progress: progress))
      where found != expected.fingerprint {
        throw WeightsError.otherTensor(tensor.name, file: tensor.file, found: found, expected: expected.fingerprint)
      }
    case .cache(let cache):
      if assignment.sharesFiles { throw WeightsError.nothingToShare }
      transfer = SliceTransfer(byteCounts: expected.map(\.byteCount))
      let present = try cache.tensors(wanted.map { expected[$0] }, pool: pool, progress: progress)
      for (index, tensor) in zip(wanted, present) { stored[index] = tensor }
    }
  }

  /// The next request to send, or nil when none may be sent now.
  ///
  /// - Throws: ``WeightsError``, ``CheckpointError``, when the cache cannot be used.
  public func wanted() throws -> Wanted? {
    guard case .cache(let cache) = source else { return nil }
    return try transfer.wanted { index in
      if stored[index] != nil || !wantedTensors.contains(index) { return expected[index].byteCount }
      // Another worker may have fetched it since, or come to its end and not to its name.
      if let tensor = try cache.tensor(expected[index]) {
        stored[index] = tensor
        partial[index] = nil
        return expected[index].byteCount
      }
      let file = try partial[index] ?? PartialTensor(expected[index], in: cache)
      if file.byteCount == expected[index].byteCount, let tensor = try file.finish() {
        stored[index] = tensor
        return expected[index].byteCount
      }
      partial[index] = file
      return file.byteCount
    }
  }

  /// Takes a piece into the cache; when it is the last of a tensor, checks the whole.
  ///
  /// A tensor that proves wrong is asked for once more. Blocks on the disk.
  ///
  /// - Throws: ``WeightsError``, ``CheckpointError``.
  public func accept(_ piece: Piece) throws {
    let isLast = try transfer.accept(piece)
    guard let file = partial[piece.tensor] else { preconditionFailure("a piece of a tensor that was not begun") }
    try file.append(piece.bytes)
    guard isLast else { return }
    if let tensor = try file.finish() {
      stored[piece.tensor] = tensor
      partial[piece.tensor] = nil
    } else if repeated.insert(piece.tensor).inserted {
      transfer.repeatTensor(piece.tensor)
    } else {
      throw WeightsError.damaged(tensor: expected[piece.tensor].name)
    }
  }

  /// Whether the weights are there to be loaded; call ``wanted()`` first.
  public var isComplete: Bool { transfer.isComplete }

  /// A checkpoint that holds the tensors that were to come, to load ``HeldBlocks`` from.
  ///
  /// - Precondition: the slice is complete.
  public func checkpoint() throws(CheckpointError) -> Checkpoint {
    precondition(isComplete, "tensors are missing")
    switch source {
    case .checkpoint(let checkpoint): return checkpoint
    case .cache(let cache):
      return try Checkpoint(name: cache.name, configuration: configuration, tensors: stored.compactMap { $0 })
    }
  }

  /// Bytes of the slice in the worker's own files or memory.
  public var bytesRead: Int {
    guard case .checkpoint(let checkpoint) = source else { return 0 }
    return checkpoint.byteCount(of: missing.map(ModelPart.block))
  }
  /// Bytes that came from the coordinator, repeated ones too.
  public var bytesReceived: Int { transfer.bytesReceived }
  /// Bytes that were in the cache.
  public var bytesCached: Int {
    guard case .cache = source else { return 0 }
    return transfer.bytesPresent
      - expected.indices.reduce(0) { $0 + (wantedTensors.contains($1) ? 0 : expected[$1].byteCount) }
  }
}

internal import Dispatch
public import GPT2
public import MicroBatching
public import Pipeline
internal import Platform
internal import Synchronization

/// Describes the blocks' tensors of the coordinator's checkpoint to workers, and hands out their bytes.
public final class TensorServer: Sendable {
  /// Most pieces that one request gets.
  public static let pieceLimit = 64

  /// Of every block, in the order they are used.
  private let tensors: [[StoredTensor]]
  private let hashing = Mutex(Hashing.notBegun)

  private enum Hashing {
    case notBegun
    case begun
    case done(Result<[[Fingerprint]], CheckpointError>)
  }

  public init(_ checkpoint: Checkpoint) {
    tensors = (0..<checkpoint.configuration.layerCount).map { checkpoint.tensors(of: .block($0)) }
  }

  /// Begins to compute the fingerprints of all blocks' tensors on threads of their own, unless that was begun before.
  ///
  /// Returns at once.
  ///
  /// - Parameter whenDone: called on another thread when they are there, or have failed.
  public func computeFingerprints(threadCount: Int, whenDone: @escaping @Sendable () -> Void) {
    let isFirst = hashing.withLock { state in
      guard case .notBegun = state else { return false }
      state = .begun
      return true
    }
    guard isFirst else { return }
    DispatchQueue.global().async { [self] in
      let result = Result { () throws(CheckpointError) in
        var all = try tensors.joined().fingerprints(pool: ThreadPool(threadCount: threadCount))[...]
        return tensors.map { block in
          defer { all = all.dropFirst(block.count) }
          return Array(all.prefix(block.count))
        }
      }
      hashing.withLock { $0 = .done(result) }
      whenDone()
    }
  }

  /// The tensors of these blocks as an ``Assignment`` lists them; nil while their fingerprints are not there yet.
  ///
  /// - Parameter sharesFiles: as in the assignment: the fingerprints are left out and not waited for.
  /// - Throws: what computing them met.
  /// - Precondition: `layers` are blocks of the model.
  public func descriptions(
    of layers: LayerRange, sharesFiles: Bool
  ) throws(CheckpointError) -> [TensorDescription]? {
    if sharesFiles { return tensors[layers].joined().map { TensorDescription($0, fingerprint: []) } }
    guard case .done(let result) = hashing.withLock({ $0 }) else { return nil }
    let fingerprints = try result.get()
    return zip(tensors[layers].joined(), fingerprints[layers].joined()).map {
      TensorDescription($0, fingerprint: $1.bytes)
    }
  }

  /// The tensors of every block, as assignments list them; nil while their fingerprints are not there yet.
  ///
  /// - Throws: what computing them met.
  func catalog(sharesFiles: Bool) throws(CheckpointError) -> [[TensorDescription]]? {
    var all: [[TensorDescription]] = []
    for block in tensors.indices {
      guard let some = try descriptions(of: block..<(block + 1), sharesFiles: sharesFiles) else { return nil }
      all.append(some)
    }
    return all
  }

  /// The pieces that a worker asks for, as many as there are up to the tensor's end.
  ///
  /// Blocks on the disk, for ``pieceLimit`` times ``Piece/byteLimit`` bytes at most.
  ///
  /// - Parameter layers: the worker's blocks; ``Wanted/tensor`` counts their tensors.
  /// - Throws: ``WantedError``; ``CheckpointError`` when the file cannot be read.
  /// - Precondition: `layers` are blocks of the model.
  public func pieces(_ wanted: Wanted, of layers: LayerRange) throws -> [Piece] {
    let slice = tensors[layers].flatMap { $0 }
    guard slice.indices.contains(wanted.tensor) else {
      throw WantedError.noSuchTensor(wanted.tensor, count: slice.count)
    }
    let tensor = slice[wanted.tensor]
    guard (0..<tensor.byteCount).contains(wanted.offset) else {
      throw WantedError.beyondTensor(tensor.name, offset: wanted.offset, byteCount: tensor.byteCount)
    }
    guard (1...Self.pieceLimit).contains(wanted.pieces) else {
      throw WantedError.pieceCount(wanted.pieces, limit: Self.pieceLimit)
    }
    let starts = stride(from: wanted.offset, to: tensor.byteCount, by: Piece.byteLimit).prefix(wanted.pieces)
    return try starts.map { start in
      let bytes = try tensor.read(bytes: start..<min(start + Piece.byteLimit, tensor.byteCount))
      return Piece(tensor: wanted.tensor, offset: start, bytes: bytes)
    }
  }
}

extension TensorDescription {
  init(_ tensor: StoredTensor, fingerprint: [UInt8]) {
    self.init(
      name: tensor.name, elementType: tensor.elementType.rawValue, shape: tensor.shape, fingerprint: fingerprint)
  }
}

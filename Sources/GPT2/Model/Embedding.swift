public import MicroBatching
public import Platform

/// Tokens into activations: `wte[token] + wpe[position]`.
public final class Embedding {
  /// The token embedding as a matrix `[C, V]`; the head too, where it is tied and of the same type.
  let tokens: PackedMatrix
  private let positions: [Float]
  private let configuration: Configuration

  /// - Throws: ``CheckpointError``, ``ModelError``.
  public init(_ checkpoint: Checkpoint, kernels: Kernels, pool: ThreadPool) throws {
    configuration = checkpoint.configuration
    let width = configuration.width
    tokens = try PackedMatrix(
      checkpoint.tensor("wte.weight", shape: [configuration.vocabularySize, width]), layout: .transposed,
      as: configuration.weights.embedding, kernels: kernels, pool: pool)
    positions = try checkpoint.floats("wpe.weight", shape: [configuration.positionCount, width])
  }

  /// An embedding of no meaning, to time.
  init(_ configuration: Configuration, repeating pattern: [Float], kernels: Kernels) throws(ModelError) {
    self.configuration = configuration
    tokens = try PackedMatrix(
      repeating: pattern, inner: configuration.width, columns: configuration.vocabularySize,
      as: configuration.weights.embedding, kernels: kernels)
    positions = Array(repeating: 0, count: configuration.positionCount * configuration.width)
  }

  /// Writes the activations that enter the first block.
  ///
  /// - Parameters:
  ///   - ids: one token for each row of the micro-batch.
  ///   - activations: resized to `[R, C]`.
  /// - Throws: ``ModelError`` for a token or a position the model does not have, and for a segment without rows.
  /// - Precondition: as many ids as rows.
  public func apply(_ ids: some Collection<Int>, _ microBatch: MicroBatch, into activations: Activations)
    throws(ModelError)
  {
    precondition(ids.count == microBatch.rowCount)
    // All of them first: a negative count would make up for too many rows of another segment.
    for segment in microBatch.segments { try segment.check(positionCount: configuration.positionCount) }
    try activations.resize(rowCount: microBatch.rowCount)
    var ids = ids.makeIterator()
    var row = 0
    for segment in microBatch.segments {
      for position in segment.positions {
        let token = ids.next()!
        guard token >= 0, token < configuration.vocabularySize else {
          throw .tokenOutOfRange(token: token, vocabularySize: configuration.vocabularySize)
        }
        let out = activations[row]
        tokens.copyColumn(token, to: out.baseAddress!)
        let first = position * configuration.width
        for i in 0..<configuration.width { out[i] += positions[first + i] }
        row += 1
      }
    }
  }
}

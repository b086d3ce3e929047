public import Platform

/// Activations into predictions: ln_f, which gives the model's hidden states, then the matrix that gives logits.
public final class Head {
  private let norm: LayerNorm
  private let matrix: PackedMatrix
  private let configuration: Configuration
  private let kernels: Kernels
  private let pool: ThreadPool

  /// Shares the embedding's matrix where the head is tied to it and held as it is; else loads a matrix `[V, C]` of its own.
  ///
  /// - Throws: ``CheckpointError``, ``ModelError``.
  public init(_ checkpoint: Checkpoint, tiedTo embedding: Embedding, kernels: Kernels, pool: ThreadPool) throws {
    configuration = checkpoint.configuration
    self.kernels = kernels
    self.pool = pool
    norm = try LayerNorm(checkpoint, "ln_f")
    matrix =
      configuration.sharesHead
      ? embedding.tokens
      : try PackedMatrix(
        checkpoint.tensor(
          configuration.tiesHead ? "wte.weight" : "lm_head.weight",
          shape: [configuration.vocabularySize, configuration.width]),
        layout: .transposed, as: configuration.weights.head, kernels: kernels, pool: pool)
  }

  /// A head of no meaning, to time, tied to such an embedding where the two are held alike.
  init(
    _ configuration: Configuration, tiedTo embedding: Embedding, repeating pattern: [Float], kernels: Kernels,
    pool: ThreadPool
  ) throws(ModelError) {
    (self.configuration, self.kernels, self.pool) = (configuration, kernels, pool)
    norm = LayerNorm(configuration)
    matrix =
      configuration.weights.head == configuration.weights.embedding
      ? embedding.tokens
      : try PackedMatrix(
        repeating: pattern, inner: configuration.width, columns: configuration.vocabularySize,
        as: configuration.weights.head, kernels: kernels)
  }

  /// Hidden states: ln_f of what the last block left.
  ///
  /// - Parameters:
  ///   - activations: `[R, C]`
  ///   - hidden: resized to `[R, C]`
  public func normalize(_ activations: Activations, into hidden: Activations) throws(ModelError) {
    try hidden.resize(rowCount: activations.rowCount)
    guard activations.rowCount > 0 else { return }
    norm.apply(Rows(activations), into: Rows(hidden), kernels: kernels, pool: pool)
  }

  /// Logits of hidden states.
  ///
  /// - Parameters:
  ///   - hidden: `[R, C]`, after ln_f
  ///   - rows: those of its rows to take
  ///   - logits: resized to `[rows.count, V]`
  public func logits(of hidden: Activations, rows: Range<Int>, into logits: Activations) throws(ModelError) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= hidden.rowCount)
    try logits.resize(rowCount: rows.count)
    guard !rows.isEmpty else { return }
    var input = Rows(hidden)
    input.base += rows.lowerBound * input.pitch
    input.count = rows.count
    matrix.multiply(input, bias: nil, into: Rows(logits), pool: pool)
  }
}

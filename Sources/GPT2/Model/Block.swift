internal import CKernels
internal import MicroBatching
internal import Platform

/// One transformer block: `x += attention(ln_1(x))`, then `x += mlp(ln_2(x))`.
///
/// The names are the checkpoint's: `c_attn` [C → 3C] makes queries, keys and values, `c_proj` [C → C] joins the heads,
/// `c_fc` [C → inner] and `mlp.c_proj` [inner → C] are the MLP.
struct Block {
  private let ln1: LayerNorm
  private let attention: Linear
  private let attentionProjection: Linear
  private let ln2: LayerNorm
  private let fullyConnected: Linear
  private let projection: Linear
  private let configuration: Configuration
  private let scale: Float

  /// Loads the block's tensors, and calls `progress` after each.
  init(
    _ checkpoint: Checkpoint, layer: Int, as choice: WeightTypes.Choice, kernels: Kernels, pool: ThreadPool,
    progress: () -> Void = {}
  ) throws {
    configuration = checkpoint.configuration
    scale = configuration.attentionScale(layer: layer)
    let (width, inner) = (configuration.width, configuration.innerWidth)
    func linear(_ name: String, _ from: Int, _ to: Int) throws -> Linear {
      try Linear(
        checkpoint, "h.\(layer).\(name)", from: from, to: to, as: choice, kernels: kernels, pool: pool,
        progress: progress)
    }
    ln1 = try LayerNorm(checkpoint, "h.\(layer).ln_1", progress: progress)
    attention = try linear("attn.c_attn", width, 3 * width)
    attentionProjection = try linear("attn.c_proj", width, width)
    ln2 = try LayerNorm(checkpoint, "h.\(layer).ln_2", progress: progress)
    fullyConnected = try linear("mlp.c_fc", width, inner)
    projection = try linear("mlp.c_proj", inner, width)
  }

  /// A block of no meaning, to time.
  init(_ configuration: Configuration, repeating pattern: [Float], kernels: Kernels) throws(ModelError) {
    self.configuration = configuration
    scale = configuration.attentionScale(layer: 0)
    let (width, inner) = (configuration.width, configuration.innerWidth)
    func linear(_ from: Int, _ to: Int) throws(ModelError) -> Linear {
      try Linear(repeating: pattern, from: from, to: to, as: configuration.weights.blocks, kernels: kernels)
    }
    ln1 = LayerNorm(configuration)
    attention = try linear(width, 3 * width)
    attentionProjection = try linear(width, width)
    ln2 = LayerNorm(configuration)
    fullyConnected = try linear(width, inner)
    projection = try linear(inner, width)
  }

  /// Runs the block in place on `x`, `[R, C]`.
  ///
  /// - Parameter layer: the block's place in the stage, and so in its cache.
  func apply(
    _ x: Rows, _ microBatch: MicroBatch, layer: Int, cache: KVCache, scratch: StageScratch, kernels: Kernels,
    pool: ThreadPool
  ) {
    ln1.apply(x, into: Rows(scratch.normed), kernels: kernels, pool: pool)
    attention.apply(Rows(scratch.normed), into: Rows(scratch.wide), pool: pool)
    attend(Rows(scratch.wide), into: Rows(scratch.normed), microBatch, layer, cache, scratch, kernels, pool)
    attentionProjection.apply(Rows(scratch.normed), into: Rows(scratch.sums), addingTo: x, pool: pool)

    ln2.apply(x, into: Rows(scratch.normed), kernels: kernels, pool: pool)
    let hidden = Rows(scratch.inner)
    let activation = configuration.activation.kernel
    fullyConnected.apply(Rows(scratch.normed), into: hidden, pool: pool) { rows, columns in
      kernels.table.pointee.activate(
        activation, hidden.base + rows.lowerBound * hidden.pitch + columns.lowerBound, hidden.pitch, rows.count,
        columns.count)
    }
    projection.apply(hidden, into: Rows(scratch.sums), addingTo: x, pool: pool)
  }

  /// Causal self-attention, every head of every sequence for itself.
  ///
  /// - Parameters:
  ///   - projected: queries, keys and values `[R, 3C]`
  ///   - out: `[R, C]`
  private func attend(
    _ projected: Rows, into out: Rows, _ microBatch: MicroBatch, _ layer: Int, _ cache: KVCache,
    _ scratch: StageScratch, _ kernels: Kernels, _ pool: ThreadPool
  ) {
    let (heads, width, headWidth) = (configuration.headCount, configuration.width, configuration.headWidth)
    var firstRow = 0
    var pieces: [(segment: Segment, row: Int, rows: Range<Int>)] = []
    var starts: [(segment: Segment, row: Int)] = []
    for segment in microBatch.segments {
      starts.append((segment, firstRow))
      // Later pieces of a long segment see more keys and so take longer: they go first.
      let count = (segment.count + Self.attentionRows - 1) / Self.attentionRows
      for piece in (0..<count).reversed() {
        pieces.append((segment, firstRow, share(piece, of: count, in: segment.count)))
      }
      firstRow += segment.count
    }
    // Keys are scattered over their panels, which takes some multiply-adds' time for each.
    pool.forEach(starts.count * heads, work: 16 * microBatch.rowCount * width) { task in
      let (segment, row) = starts[task / heads]
      let head = task % heads
      let keys = projected.base + row * projected.pitch + width + head * headWidth
      var cached = cache.head(head, layer: layer, slot: segment.slot)
      gpt2_cache_rows(keys, keys + width, projected.pitch, segment.count, segment.start, &cached)
    }
    let scores = microBatch.segments.reduce(0) { $0 + $1.count * ($1.start + $1.count) }
    pool.forEach(pieces.count * heads, work: 2 * scores * width) { task in
      let (segment, row, rows) = pieces[task / heads]
      let head = task % heads
      let first = row + rows.lowerBound
      scratch.withScores { scores in
        var attention = gpt2_attention(
          queries: projected.base + first * projected.pitch + head * headWidth, query_pitch: projected.pitch,
          cache: cache.head(head, layer: layer, slot: segment.slot), start: segment.start + rows.lowerBound,
          rows: rows.count, scale: scale, out: out.base + first * out.pitch + head * headWidth, out_pitch: out.pitch,
          scratch: scores)
        kernels.table.pointee.attend(&attention)
      }
    }
  }

  /// Rows of a sequence that one task attends for: enough to use what it reads, few enough to share out.
  private static let attentionRows = 48
}

extension Configuration.Activation {
  var kernel: gpt2_activation {
    switch self {
    case .geluTanh: GPT2_GELU_TANH
    case .gelu: GPT2_GELU
    case .gelu10: GPT2_GELU_10
    case .quickGELU: GPT2_QUICK_GELU
    case .silu: GPT2_SILU
    case .mish: GPT2_MISH
    case .relu: GPT2_RELU
    case .relu2: GPT2_RELU2
    case .relu6: GPT2_RELU6
    case .leakyReLU: GPT2_LEAKY_RELU
    case .hardSwish: GPT2_HARDSWISH
    case .tanh: GPT2_TANH
    case .sigmoid: GPT2_SIGMOID
    case .laplace: GPT2_LAPLACE
    case .sqrtSoftplus: GPT2_SQRT_SOFTPLUS
    case .linear: GPT2_LINEAR
    }
  }
}

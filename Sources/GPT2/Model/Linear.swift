internal import Platform

/// `x·W + b`, the checkpoint's Conv1D: weight `[in, out]`, bias `[out]`.
struct Linear {
  private let weight: PackedMatrix
  private let bias: [Float]

  /// Loads `name.weight` and `name.bias`, and calls `progress` after each.
  init(
    _ checkpoint: Checkpoint, _ name: String, from: Int, to: Int, as choice: WeightTypes.Choice, kernels: Kernels,
    pool: ThreadPool, progress: () -> Void
  ) throws {
    let tensor = try checkpoint.tensor("\(name).weight", shape: [from, to])
    weight = try PackedMatrix(
      tensor, layout: .plain, as: choice.type(ofBlock: tensor.elementType), kernels: kernels, pool: pool)
    progress()
    bias = try checkpoint.vector("\(name).bias", count: to)
    progress()
  }

  /// A layer of no meaning, to time.
  init(repeating pattern: [Float], from: Int, to: Int, as type: WeightType, kernels: Kernels) throws(ModelError) {
    weight = try PackedMatrix(repeating: pattern, inner: from, columns: to, as: type, kernels: kernels)
    bias = Array(repeating: 0, count: to)
  }

  /// `out = x·W + b`, or `residual += x·W + b` with `out` for unfinished sums; see ``PackedMatrix/multiply``.
  func apply(
    _ x: Rows, into out: Rows, addingTo residual: Rows? = nil, pool: ThreadPool,
    finish: (_ rows: Range<Int>, _ columns: Range<Int>) -> Void = { _, _ in }
  ) {
    weight.multiply(x, bias: bias, into: out, addingTo: residual, pool: pool, finish: finish)
  }
}

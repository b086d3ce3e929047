internal import CKernels
internal import Platform

/// `(x − mean) / √(variance + ε) · weight + bias` over each row.
struct LayerNorm {
  private let weight: [Float]
  private let bias: [Float]
  private let epsilon: Float

  /// Loads `name.weight` and `name.bias`, both `[C]`, and calls `progress` after each.
  init(_ checkpoint: Checkpoint, _ name: String, progress: () -> Void = {}) throws {
    let width = checkpoint.configuration.width
    weight = try checkpoint.vector("\(name).weight", count: width)
    progress()
    bias = try checkpoint.vector("\(name).bias", count: width)
    progress()
    epsilon = checkpoint.configuration.layerNormEpsilon
  }

  /// Weight 1, bias 0.
  init(_ configuration: Configuration) {
    weight = Array(repeating: 1, count: configuration.width)
    bias = Array(repeating: 0, count: configuration.width)
    epsilon = configuration.layerNormEpsilon
  }

  /// - Parameters:
  ///   - x: `[R, C]`
  ///   - out: `[R, C]`
  func apply(_ x: Rows, into out: Rows, kernels: Kernels, pool: ThreadPool) {
    let tasks = min(pool.threadCount, (x.count + 31) / 32)
    pool.forEach(tasks) { task in
      let rows = share(task, of: tasks, in: x.count)
      kernels.table.pointee.layer_norm(
        x.base + rows.lowerBound * x.pitch, x.pitch, rows.count, weight.count, weight, bias, epsilon,
        out.base + rows.lowerBound * out.pitch, out.pitch)
    }
  }
}

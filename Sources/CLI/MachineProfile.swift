import GPT2
import Pipeline

/// How fast this machine runs the parts of a model.
struct MachineProfile {
  let cores: Int
  /// Blocks on as many threads as each process is to have, on one, and on all cores.
  let blocks: CostModel
  let blocksOneThread: CostModel
  let blocksAllCores: CostModel
  let edges: EdgeCosts
  let edgesOneThread: EdgeCosts
  let edgesAllCores: EdgeCosts

  /// Blocks for about a second for each number of threads that is different.
  ///
  /// - Throws: ``ModelError``, ``KernelsError``.
  init(_ configuration: Configuration, threads: Int) throws {
    cores = ThreadPool.availableCores
    let kernels = try Kernels.selected()
    var known: [Int: (blocks: CostModel, edges: EdgeCosts)] = [:]
    for count in Set([1, threads, cores]) {
      let pool = ThreadPool(threadCount: count)
      let blockTimes = try BlockTimer(configuration, kernels: kernels, pool: pool).measure(within: .milliseconds(500))
      let timer = try EdgeTimer(configuration, kernels: kernels, pool: pool)
      known[count] = (
        CostModel(
          curve: TimeCurve(blockTimes),
          shape: BlockShape(
            width: configuration.width,
            matrixElements: 4 * configuration.width * configuration.width
              + 2 * configuration.width * configuration.innerWidth)),
        EdgeCosts(
          edges: TimeCurve(try timer.measureEdges()),
          head: TimeCurve(try timer.measureHead(within: .milliseconds(400))),
          headBytes: 4 * Double(configuration.width * configuration.vocabularySize))
      )
    }
    (blocks, edges) = known[threads]!
    (blocksOneThread, edgesOneThread) = known[1]!
    (blocksAllCores, edgesAllCores) = known[cores]!
  }
}

extension TimeCurve {
  /// Of what a timer measured, which is never nothing.
  fileprivate init(_ times: [TimedRows]) {
    self.init(times.map { BlockTime(rows: $0.rows, seconds: $0.seconds) })!
  }
}

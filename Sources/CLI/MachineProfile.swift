import GPT2
import Pipeline
import Synchronization
import ZeroMQ

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
  /// - Parameter company: other processes that will compute on this machine at the same time. They slow each other down, by
  ///   caches and memory, so that many threads run blocks while the parts of the pipe are measured.
  /// - Throws: ``ModelError``, ``KernelsError``, ``ZeroMQError``.
  init(_ configuration: Configuration, threads: Int, company: Int = 0) throws {
    cores = ThreadPool.availableCores
    let kernels = try Kernels.selected()
    var known: [Int: (blocks: CostModel, edges: EdgeCosts)] = [:]
    func measure(threads count: Int) throws -> (blocks: CostModel, edges: EdgeCosts) {
      let pool = ThreadPool(threadCount: count)
      let blockTimes = try BlockTimer(configuration, kernels: kernels, pool: pool).measure(within: .milliseconds(500))
      let timer = try EdgeTimer(configuration, kernels: kernels, pool: pool)
      return (
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
    for count in Set([1, cores] + (company == 0 ? [threads] : [])) { known[count] = try measure(threads: count) }
    (blocksOneThread, edgesOneThread) = known[1]!
    (blocksAllCores, edgesAllCores) = known[cores]!
    if company == 0 {
      (blocks, edges) = known[threads]!
    } else {
      let others = try (0..<company).map { _ in try Company(configuration, kernels) }
      defer { for other in others { other.leave() } }
      (blocks, edges) = try measure(threads: threads)
    }
  }
}

/// A thread that runs blocks, as another process of this machine would.
private final class Company: Sendable {
  private final class State: Sendable {
    let isOver = Atomic(false)
  }

  private let state = State()
  private let thread: JoinableThread

  /// - Throws: ``ZeroMQError`` when there can be no such thread.
  init(_ configuration: Configuration, _ kernels: Kernels) throws {
    thread = try JoinableThread { [state] in
      // One that cannot run is no company.
      guard let timer = try? BlockTimer(configuration, kernels: kernels, pool: ThreadPool(threadCount: 1)) else {
        return
      }
      while !state.isOver.load(ordering: .relaxed) { _ = try? timer.measure(within: .milliseconds(50)) }
    }
  }

  func leave() {
    state.isOver.store(true, ordering: .relaxed)
    thread.join()
  }
}

extension TimeCurve {
  /// Of what a timer measured, which is never nothing.
  fileprivate init(_ times: [TimedRows]) {
    self.init(times.map { BlockTime(rows: $0.rows, seconds: $0.seconds) })!
  }
}

internal import Coordinator
package import GPT2
internal import Pipeline
internal import Platform
internal import Synchronization
internal import ZeroMQ

/// How fast this machine runs the parts of a model.
package struct MachineProfile {
  package let cores: Int
  /// On as many threads as each process is to have, on one, and on all cores.
  package let own: Costs
  package let oneThread: Costs
  package let allCores: Costs
  package let steadiness: Steadiness

  /// What the parts of a model take.
  package struct Costs {
    let blocks: CostModel
    let edges: EdgeCosts

    /// Seconds a token in one block, for a token alone and for many at once: what rounds are compared by.
    fileprivate var sample: Double {
      [1, 16, 128].reduce(0) { $0 + blocks.curve.seconds(rows: $1) / Double($1) }
    }
  }

  /// Measures in short rounds until two of them agree, and takes the quickest of each kind. Blocks for about two seconds for
  /// each number of threads that is different, and longer on a machine that does something else too.
  ///
  /// - Parameter company: other processes that will compute on this machine at the same time. They slow each other down, by
  ///   caches and memory, so that many threads run blocks while the parts of the pipe are measured.
  /// - Throws: ``ModelError``, ``KernelsError``, ``ZeroMQError``.
  package init(_ configuration: Configuration, threads: Int, company: Int = 0) throws {
    let cores = Host.cores
    let kernels = try Kernels.selected()
    var rounds: [Int: [Costs]] = [:]
    // In company a number of threads is another measurement than alone: negative.
    let counts = Set([1, cores] + (company == 0 ? [threads] : [])).sorted()
    var steadiness: Steadiness
    repeat {
      for count in counts {
        rounds[count, default: []].append(try Costs(configuration, kernels, threads: count))
      }
      if company > 0 {
        let others = try (0..<company).map { _ in try Company(configuration, kernels) }
        defer { for other in others { other.leave() } }
        rounds[-threads, default: []].append(try Costs(configuration, kernels, threads: threads))
      }
      steadiness = Steadiness(rounds.mapValues { $0.map(\.sample) }, cores: cores)
    } while steadiness.rounds < 2 || (!steadiness.isSteady && steadiness.rounds < Steadiness.limit)
    func best(_ count: Int) -> Costs { rounds[count]!.min { $0.sample < $1.sample }! }
    self.cores = cores
    self.steadiness = steadiness
    (oneThread, allCores, own) = (best(1), best(cores), best(company > 0 ? -threads : threads))
  }
}

extension MachineProfile.Costs {
  /// Measures once; blocks for about 0.6 s.
  fileprivate init(_ configuration: Configuration, _ kernels: Kernels, threads: Int) throws {
    let pool = ThreadPool(threadCount: threads)
    let blockTimes = try BlockTimer(configuration, kernels: kernels, pool: pool).measure()
    let timer = try EdgeTimer(configuration, kernels: kernels, pool: pool)
    self.init(
      blocks: CostModel(
        curve: TimeCurve(blockTimes),
        shape: BlockShape(configuration)),
      edges: EdgeCosts(
        edges: TimeCurve(try timer.measureEdges()), head: TimeCurve(try timer.measureHead()),
        headBytes: Double(configuration.headBytes)))
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
  package init(_ configuration: Configuration, _ kernels: Kernels) throws {
    thread = try JoinableThread { [state] in
      // One that cannot run is no company.
      guard let timer = try? BlockTimer(configuration, kernels: kernels, pool: ThreadPool(threadCount: 1)) else {
        return
      }
      while !state.isOver.load(ordering: .relaxed) { _ = try? timer.measure(within: .milliseconds(50)) }
    }
  }

  package func leave() {
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

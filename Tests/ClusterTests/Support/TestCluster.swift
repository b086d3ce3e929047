import Cluster
import Coordinator
import GPT2
import Pipeline
import Platform
import Synchronization
import Testing
import Worker
import ZeroMQ

/// An engine with its workers as threads of this process, ended with the value.
final class TestCluster: Sendable {
  let engine: Engine
  let context: Context
  let notices: Notices
  private let workers: WorkerThreads?
  private let inProcess: InProcessWorkers?
  private let authenticator: Authenticator?

  /// Stages reached over `inproc://`, as `--stages` has them.
  init(
    _ checkpoint: Checkpoint, stages: Int, split: [Int]? = nil, rows: Int? = nil, slots: Int = 16,
    timelineLimit: Int = 0
  ) throws {
    let (context, notices) = (try Context(), Notices())
    let engine = try Engine(
      checkpoint,
      options: EngineOptions(
        listen: "inproc://coordinator", workerCount: stages, split: split, microBatchRows: rows, sharesFiles: true,
        threads: 1, slotCount: slots, patience: .seconds(30), timelineLimit: timelineLimit),
      context: context, notify: notices.append)
    inProcess = try InProcessWorkers(
      count: stages, coordinator: engine.address, checkpoint: checkpoint, threads: 1, context: context
    ) { [weak engine] in engine?.lose(worker: $0, start: $1, reason: $2) }
    (workers, authenticator) = (nil, nil)
    (self.engine, self.context, self.notices) = (engine, context, notices)
  }

  /// Workers that dial in over TCP, each with its own source of weights, as those of `gpt2 worker` do.
  init(
    _ checkpoint: Checkpoint, loopback weights: [SliceSource], expecting count: Int? = nil, key: CurveKeyPair? = nil,
    split: [Int]? = nil, rows: Int? = nil, slots: Int = 16, patience: Duration = .seconds(30)
  ) throws {
    let (context, notices) = (try Context(), Notices())
    authenticator = try key.map { try Authenticator(context, accepting: [$0.publicKey]) }
    engine = try Engine(
      checkpoint,
      options: EngineOptions(
        listen: "tcp://127.0.0.1:0", workerCount: count ?? weights.count, credentials: key.map { Credentials($0) },
        split: split, microBatchRows: rows,
        threads: 1, slotCount: slots, patience: patience),
      context: context, notify: notices.append)
    workers = try WorkerThreads(weights, coordinator: engine.address, key: key, context: context)
    inProcess = nil
    (self.context, self.notices) = (context, notices)
  }

  deinit { engine.stop() }

  func ready() async throws -> [StageDescription] { try await engine.ready() }

  func run(_ job: Job, progress: () async -> Void = {}) async throws -> Outcome {
    try await job.run(on: engine, progress: progress)
  }

  /// Runs a job in a task that is cancelled with the first piece of the result.
  func runCancelled(_ job: Job) async -> Result<Outcome, any Error> {
    await withTaskGroup(of: Result<Outcome, any Error>.self) { group in
      group.addTask {
        do {
          return .success(try await self.run(job) { withUnsafeCurrentTask { $0?.cancel() } })
        } catch { return .failure(error) }
      }
      return await group.next()!
    }
  }

  /// Runs all jobs at once, each read by a task of its own.
  func run(_ jobs: [Job]) async throws -> [Outcome] {
    try await engine.run(jobs)
  }

  /// Stops the engine and waits for the workers, which say how they ended.
  func workerEnds() -> [String: String] {
    engine.stop()
    return workers?.ends() ?? [:]
  }
}

/// What an engine told.
final class Notices: Sendable {
  private let state = Mutex<[EngineNotice]>([])

  var all: [EngineNotice] { state.withLock { $0 } }
  func append(_ notice: EngineNotice) { state.withLock { $0.append(notice) } }

  /// Reasons for which messages or connections were dropped.
  var drops: [String] {
    all.compactMap {
      switch $0 {
      case .ignored(_, let reason), .connectionFailed(let reason): reason
      default: nil
      }
    }
  }
  /// Names of the workers that left before the start.
  var departures: [String] {
    all.compactMap { if case .left(let name, _, _, _) = $0 { name } else { nil } }
  }
  var refusals: [String] {
    all.compactMap { if case .refused(let name, let reason) = $0 { "\(name): \(reason)" } else { nil } }
  }
}

/// Workers on threads of this process that are reached over TCP.
final class WorkerThreads: Sendable {
  private let threads: Mutex<[JoinableThread]>
  private let ended = Mutex<[String: String]>([:])
  private let stopping: Wakeup

  /// - Parameter key: of the cluster; ``StageService`` is to be let in by an ``Authenticator`` of the context.
  init(
    _ weights: [SliceSource], coordinator: String, key: CurveKeyPair?, context: Context,
    patience: Duration = .seconds(30)
  ) throws {
    threads = Mutex([])
    stopping = try Wakeup()
    for (index, weights) in weights.enumerated() {
      let options = WorkerOptions(
        name: "worker-\(index + 1)", coordinator: coordinator, listen: "tcp://127.0.0.1:0",
        credentials: key.map { Credentials($0) }, weights: weights,
        threads: 1, memory: 1 << 30, patience: patience)
      let thread = try JoinableThread { [self] in
        do {
          try StageService(options, context: context, stopping: stopping) { _ in }.run()
          ended.withLock { $0[options.name] = "" }
        } catch {
          ended.withLock { $0[options.name] = "\(error)" }
        }
      }
      threads.withLock { $0.append(thread) }
    }
  }

  /// Waits until all have ended by themselves; an empty sentence for those that were sent home in order.
  func ends() -> [String: String] {
    let waiting = threads.withLock { threads in
      defer { threads = [] }
      return threads
    }
    for thread in waiting { thread.join() }
    return ended.withLock { $0 }
  }

  deinit {
    stopping.wake()
    for thread in threads.withLock({ $0 }) { thread.join() }
  }
}

internal import Coordinator
internal import Dispatch
public import GPT2
public import Pipeline
internal import Platform
internal import Synchronization
internal import Worker
public import ZeroMQ

/// Workers as threads of this process, reached over `inproc://`.
public final class InProcessWorkers: Sendable {
  private let coordinator: String
  private let checkpoint: Checkpoint
  private let threadCount: Int
  private let memory: Int
  private let context: Context
  private let build: String
  private let ended: @Sendable (_ name: String, _ start: Int, _ reason: String) -> Void
  private let stopping: Wakeup
  private let state = Mutex(State())

  private struct State {
    var threads: [JoinableThread] = []
    var restarts: [String: Int] = [:]
  }

  /// Starts them; they end when their coordinator sends them home, or with this value.
  ///
  /// - Parameters:
  ///   - coordinator: where the engine listens, in the same context.
  ///   - threads: of each worker.
  ///   - ended: called when one has ended by itself, or could not be started anew: its name, how often it had been started anew,
  ///     and why.
  /// - Throws: ``ZeroMQError`` when there is no thread to be had.
  public init(
    count: Int, coordinator: String, checkpoint: Checkpoint, threads threadCount: Int, context: Context,
    build: String = ProgramVersion.current,
    ended: @escaping @Sendable (_ name: String, _ start: Int, _ reason: String) -> Void
  ) throws {
    (self.coordinator, self.checkpoint, self.threadCount) = (coordinator, checkpoint, threadCount)
    (self.context, self.build, self.ended) = (context, build, ended)
    memory = Host.availableMemory / count
    stopping = try Wakeup()
    for number in 1...count { try start("stage-\(number)", 0) }
  }

  /// Starts a worker of this name anew. One that is there and stuck cannot be ended, and is left alone. Returns at once.
  public func restart(_ name: String) {
    let number = state.withLock { state in
      state.restarts[name, default: 0] += 1
      return state.restarts[name]!
    }
    do { try start(name, number) } catch { ended(name, number, "\(error)") }
  }

  private func start(_ name: String, _ number: Int) throws {
    var options = WorkerOptions(
      name: name, coordinator: coordinator, listen: "\(coordinator)/\(name)#\(number)",
      weights: .checkpoint(checkpoint), threads: threadCount, memory: memory)
    options.build = build
    let thread = try JoinableThread { [options, context, stopping, ended] in
      do { try StageService(options, context: context, stopping: stopping) { _ in }.run() } catch {
        ended(name, number, "\(error)")
      }
    }
    state.withLock { $0.threads.append(thread) }
  }

  /// Ends them and waits for it: a worker whose coordinator is gone before it was let in hears of no end.
  deinit {
    stopping.wake()
    for thread in state.withLock({ $0.threads }) { thread.join() }
  }
}

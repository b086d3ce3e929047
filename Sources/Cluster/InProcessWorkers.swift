internal import Coordinator
public import GPT2
internal import Platform
internal import Worker
public import ZeroMQ

/// Workers as threads of this process, reached over `inproc://`.
public final class InProcessWorkers: Sendable {
  private let threads: [JoinableThread]
  private let stopping: Wakeup

  /// Starts them; they end when their coordinator sends them home, or with this value.
  ///
  /// - Parameters:
  ///   - coordinator: where the engine listens, in the same context.
  ///   - threads: of each worker.
  ///   - failed: called with a worker's name and why it ended, if something went wrong.
  /// - Throws: ``ZeroMQError`` when there is no thread to be had.
  public init(
    count: Int, coordinator: String, checkpoint: Checkpoint, threads threadCount: Int, context: Context,
    failed: @escaping @Sendable (_ name: String, _ error: any Error) -> Void
  ) throws {
    let stopping = try Wakeup()
    self.stopping = stopping
    threads = try (1...count).map { number in
      try JoinableThread {
        let name = "stage-\(number)"
        do {
          let options = WorkerOptions(
            name: name, coordinator: coordinator, listen: "\(coordinator)/\(number)", weights: .checkpoint(checkpoint),
            threads: threadCount, memory: Host.availableMemory / count)
          try StageService(options, context: context, stopping: stopping) { _ in }.run()
        } catch {
          failed(name, error)
        }
      }
    }
  }

  /// Ends them and waits for it: a worker whose coordinator is gone before it was let in hears of no end.
  deinit {
    stopping.wake()
    for thread in threads { thread.join() }
  }
}

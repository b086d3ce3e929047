internal import Dispatch
internal import LibC
internal import Platform
internal import Synchronization
public import ZeroMQ

/// Workers as child processes on this machine: started, watched, started anew when that is wished, and ended with this process,
/// however it ends.
public final class SpawnedWorkers: Sendable {
  private let program: String
  private let key: CurveKeyPair
  private let arguments: @Sendable (_ name: String) -> [String]
  private let ended: @Sendable (_ name: String, _ start: Int, _ reason: String) -> Void
  private let state = Mutex(State())
  /// Starts and ends processes one after the other, beside whoever asks for it.
  private let queue = DispatchQueue(label: "spawned workers")

  private struct State {
    var children: [String: Child] = [:]
    /// How often each was started anew.
    var restarts: [String: Int] = [:]
    var isEnding = false
  }

  private struct Child {
    /// It ends when the pipe to it is closed, as it is when this process dies.
    let process: ChildProcess
    /// The thread that waits for its end.
    let watcher: JoinableThread

    func end() {
      process.closeInput()
      process.kill()
      watcher.join()
    }
  }

  /// Starts them.
  ///
  /// - Parameters:
  ///   - program: the path of the `gpt2` to run.
  ///   - key: handed to each over its standard input, where no other user can read it.
  ///   - arguments: what follows `gpt2 worker` for the worker of this name.
  ///   - ended: called from another thread when one has ended or could not be started: its name, how often it had been started
  ///     anew, and why.
  /// - Throws: what starting a process or a thread throws; those that were started are ended then.
  public init(
    count: Int, program: String, key: CurveKeyPair, arguments: @escaping @Sendable (_ name: String) -> [String],
    ended: @escaping @Sendable (_ name: String, _ start: Int, _ reason: String) -> Void
  ) throws {
    (self.program, self.key, self.arguments, self.ended) = (program, key, arguments, ended)
    do {
      for number in 1...count { try start("worker-\(number)", 0) }
    } catch {
      end(within: .zero)
      throw error
    }
  }

  /// Ends the worker of this name, if it is there, and starts it anew. Returns at once.
  public func restart(_ name: String) {
    queue.async { [weak self] in
      guard let self else { return }
      let (old, number) = state.withLock { state in
        state.restarts[name, default: 0] += 1
        return (state.children.removeValue(forKey: name), state.restarts[name]!)
      }
      old?.end()
      do { try start(name, number) } catch { ended(name, number, "\(error)") }
    }
  }

  private func start(_ name: String, _ number: Int) throws {
    if state.withLock({ $0.isEnding }) { return }
    let process = try ChildProcess(program, ["worker"] + arguments(name)) { input in
      try? key.write(toDescriptor: input)
    }
    let watcher = try JoinableThread(stackSize: 256 << 10) { [ended] in
      switch process.wait() {
      // It was sent home, or asked to go and was replaced.
      case .exit(status: 0): ended(name, number, "its process ended")
      case .exit(let status): ended(name, number, "its process ended with status \(status)")
      case .signal(let signal): ended(name, number, "its process was ended by signal \(signal)")
      }
    }
    let child = Child(process: process, watcher: watcher)
    let isTooLate = state.withLock { state in
      if !state.isEnding { state.children[name] = child }
      return state.isEnding
    }
    if isTooLate { child.end() }
  }

  // Waits for those that were sent home, and ends the others: they end at once, and have nothing to lose; who does not is
  // stopped or stuck.
  deinit { end(within: .milliseconds(200)) }

  private func end(within time: Duration) {
    let children = state.withLock { state in
      state.isEnding = true
      return Array(state.children.values)
    }
    for child in children { child.process.closeInput() }
    let limit = Instant.now + time
    for child in children {
      while child.process.isRunning, .now < limit { usleep(5000) }
      child.end()
    }
  }
}

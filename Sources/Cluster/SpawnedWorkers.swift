internal import LibC
internal import Platform
internal import Synchronization
public import ZeroMQ

/// Workers as child processes on this machine: started, watched, and ended with this process, however it ends.
public final class SpawnedWorkers: Sendable {
  private let children: [Child]
  private let ending: Ending

  private struct Child {
    /// It ends when the pipe to it is closed, as it is when this process dies.
    let process: ChildProcess
    /// The thread that waits for its end.
    let watcher: JoinableThread
  }

  private final class Ending: Sendable {
    let hasBegun = Mutex(false)
  }

  /// Starts them.
  ///
  /// - Parameters:
  ///   - program: the path of the `gpt2` to run.
  ///   - key: handed to each over its standard input, where no other user can read it.
  ///   - arguments: what follows `gpt2 worker` for the worker of this number, from 1, and name.
  ///   - ended: called from another thread with the name of one that ended by itself, and how.
  /// - Throws: what starting a process or a thread throws; those that were started are ended then.
  public init(
    count: Int, program: String, key: CurveKeyPair, arguments: (_ number: Int, _ name: String) -> [String],
    ended: @escaping @Sendable (_ name: String, _ reason: String) -> Void
  ) throws {
    var children: [Child] = []
    let ending = Ending()
    do {
      for number in 1...count {
        let name = "worker-\(number)"
        let process = try ChildProcess(program, ["worker"] + arguments(number, name)) { input in
          try? key.write(toDescriptor: input)
        }
        let watcher = try JoinableThread(stackSize: 256 << 10) {
          let end = process.wait()
          guard !ending.hasBegun.withLock({ $0 }) else { return }
          switch end {
          // The answer to the coordinator's goodbye.
          case .exit(status: 0): break
          case .exit(let status): ended(name, "its process ended with status \(status)")
          case .signal(let number): ended(name, "its process was ended by signal \(number)")
          }
        }
        children.append(Child(process: process, watcher: watcher))
      }
    } catch {
      Self.end(children, ending, within: .zero)
      throw error
    }
    (self.children, self.ending) = (children, ending)
  }

  // Waits for those that were sent home, and ends the others: they end at once, and have nothing to lose; who does not is
  // stopped or stuck.
  deinit { Self.end(children, ending, within: .milliseconds(200)) }

  private static func end(_ children: [Child], _ ending: Ending, within time: Duration) {
    ending.hasBegun.withLock { $0 = true }
    for child in children { child.process.closeInput() }
    let limit = Instant.now + time
    for child in children {
      while child.process.isRunning, .now < limit { usleep(5000) }
      child.process.kill()
      child.watcher.join()
    }
  }
}

public import Foundation
internal import Synchronization
public import ZeroMQ

/// Workers as child processes on this machine: started, watched, and ended with this process, however it ends.
public final class SpawnedWorkers: Sendable {
  private let children: [Child]

  private struct Child: @unchecked Sendable {
    // Unchecked: started before it is shared, and only asked and signalled after.
    let process: Process
    /// The child ends when this is closed, as it is when this process dies.
    let lifeline: FileHandle
  }

  /// Starts them.
  ///
  /// - Parameters:
  ///   - program: the `gpt2` to run.
  ///   - key: handed to each over its standard input, where no other user can read it.
  ///   - arguments: what follows `gpt2 worker` for the worker of this number, from 1, and name.
  ///   - ended: called from another thread with the name of one that ended by itself, and how.
  /// - Throws: what starting a process throws.
  public init(
    count: Int, program: URL, key: CurveKeyPair, arguments: (_ number: Int, _ name: String) -> [String],
    ended: @escaping @Sendable (_ name: String, _ reason: String) -> Void
  ) throws {
    var children: [Child] = []
    let ending = Ending()
    for number in 1...count {
      let name = "worker-\(number)"
      let process = Process()
      let lifeline = Pipe()
      process.executableURL = program
      process.arguments = ["worker"] + arguments(number, name)
      process.standardInput = lifeline.fileHandleForReading
      process.standardOutput = FileHandle.nullDevice
      process.terminationHandler = { process in
        guard !ending.hasBegun.withLock({ $0 }) else { return }
        let status = process.terminationStatus
        // Status 0 is the answer to the coordinator's goodbye.
        if process.terminationReason == .exit, status == 0 { return }
        ended(
          name,
          process.terminationReason == .exit
            ? "its process ended with status \(status)" : "its process was ended by signal \(status)")
      }
      do {
        try process.run()
      } catch {
        for child in children { child.process.terminate() }
        throw error
      }
      // While the reading end is open here too: a child that has ended already makes no signal of it, and that is told.
      do { try key.write(toDescriptor: lifeline.fileHandleForWriting.fileDescriptor) } catch {}
      try? lifeline.fileHandleForReading.close()
      children.append(Child(process: process, lifeline: lifeline.fileHandleForWriting))
    }
    self.children = children
    self.ending = ending
  }

  private let ending: Ending

  private final class Ending: Sendable {
    let hasBegun = Mutex(false)
  }

  /// Process ids, in order.
  public var processIdentifiers: [Int32] { children.map(\.process.processIdentifier) }

  /// Waits for those that were sent home, and ends the others.
  deinit {
    ending.hasBegun.withLock { $0 = true }
    for child in children { try? child.lifeline.close() }
    // They end at once, and have nothing to lose; who does not is stopped or stuck.
    let limit = ContinuousClock.now + .milliseconds(200)
    for child in children {
      while child.process.isRunning, .now < limit { Thread.sleep(forTimeInterval: 0.005) }
      if child.process.isRunning { kill(child.process.processIdentifier, SIGKILL) }
      child.process.waitUntilExit()
    }
  }
}

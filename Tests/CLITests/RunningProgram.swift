import Foundation
import Testing

/// The program `gpt2` as it was built beside the tests, running beside the test. It is killed when this goes away.
final class RunningProgram {
  /// Most time that anything here is waited for.
  static let patience = Duration.seconds(20)

  private let process = Process()
  private let folder: URL
  private let state = State()

  private final class State: @unchecked Sendable {
    // Unchecked: everything is looked at under the condition's lock.
    let condition = NSCondition()
    var notes: [String] = []
    var hasClosed = false
    var hasEnded = false

    /// The limit is of time in which this machine runs: virtual ones are stopped now and then, with all that is in them.
    func wait(for what: String, _ isThere: (State) -> Bool) throws {
      let limit = SuspendingClock.now + RunningProgram.patience
      try condition.withLock {
        while !isThere(self) {
          guard SuspendingClock.now < limit else { throw Missing(text: what, notes: notes) }
          _ = condition.wait(until: Date(timeIntervalSinceNow: 0.2))
        }
      }
    }
  }

  struct Missing: Error {
    var text: String
    var notes: [String]
  }

  /// - Parameter program: another program than `gpt2`.
  init(_ arguments: [String], environment: [String: String] = [:], of program: URL = Program.url) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "gpt2-running-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let output = folder.appending(path: "out")
    try Data().write(to: output)
    let pipe = Pipe()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = pipe
    process.terminationHandler = { [state] _ in
      state.condition.withLock {
        state.hasEnded = true
        state.condition.broadcast()
      }
    }
    try process.run()
    try pipe.fileHandleForWriting.close()
    let reading = pipe.fileHandleForReading
    Thread.detachNewThread { [state] in
      var rest = Data()
      while true {
        let bytes = reading.availableData
        rest.append(bytes)
        state.condition.withLock {
          while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            state.notes.append(String(decoding: rest[rest.startIndex..<end], as: UTF8.self))
            rest = rest[(end + 1)...]
          }
          state.hasClosed = bytes.isEmpty
          state.condition.broadcast()
        }
        if bytes.isEmpty { return }
      }
    }
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: folder)
  }

  var processIdentifier: Int32 { process.processIdentifier }

  /// Lines of standard error so far.
  var notes: [String] { state.condition.withLock { state.notes } }

  /// Those of them that tell of something wrong.
  var complaints: [String] { notes.filter { $0.hasPrefix("gpt2: ") } }

  var output: String { (try? String(contentsOf: folder.appending(path: "out"), encoding: .utf8)) ?? "" }

  /// Waits for a line of standard error with `text` in it.
  ///
  /// - Throws: ``Missing`` when it does not come.
  @discardableResult
  func note(with text: String) throws -> String {
    try state.wait(for: text) { $0.hasClosed || $0.notes.contains { $0.contains(text) } }
    guard let line = notes.first(where: { $0.contains(text) }) else { throw Missing(text: text, notes: notes) }
    return line
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits for the end: the exit code, or the number of the signal that ended it, negative.
  ///
  /// - Throws: ``Missing`` when it does not end.
  func end() throws -> Int32 {
    try state.wait(for: "the end") { $0.hasEnded && $0.hasClosed }
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Processes that it started and that have not ended.
  var children: [Int32] {
    // Each thread has its own.
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processIdentifier)/task")) ?? []
    return threads.flatMap { thread in
      let list = try? String(contentsOfFile: "/proc/\(processIdentifier)/task/\(thread)/children", encoding: .utf8)
      return (list ?? "").split(separator: " ").compactMap { Int32($0) }
    }.sorted()
  }
}

extension RunningProgram {
  /// A coordinator of `generate` at a free port of loopback.
  static func coordinator(_ workers: Int, _ arguments: [String]) throws -> (RunningProgram, address: String) {
    let program = try RunningProgram(
      ["generate", "--listen", "tcp://127.0.0.1:0", "--workers", "\(workers)", "--threads", "1"]
        + (arguments.contains("--stats") ? [] : ["--stats"]) + arguments)
    let line = try program.note(with: "waiting at ")
    return (program, String(line.split(separator: " ")[2]))
  }

  static func worker(_ name: String, of coordinator: String, _ arguments: [String] = []) throws -> RunningProgram {
    try RunningProgram(
      ["worker", "--coordinator", coordinator, "--name", name, "--threads", "1"]
        + (arguments.contains("--model") || arguments.contains("--cache") ? [] : ["--demo"]) + arguments)
  }
}

/// Whether a process is there and is no zombie.
func isAlive(_ process: Int32) -> Bool {
  guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
  return status.split(separator: ")").last?.split(separator: " ").first != "Z"
}

/// Waits until something is so that nobody tells of.
func eventually(within time: Duration = RunningProgram.patience, _ condition: () throws -> Bool) rethrows -> Bool {
  let limit = SuspendingClock.now + time
  while SuspendingClock.now < limit {
    if try condition() { return true }
    usleep(2000)
  }
  return try condition()
}

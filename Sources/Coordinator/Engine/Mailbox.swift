internal import Synchronization
internal import ZeroMQ

/// How commands reach the engine's thread, and how callers learn that the pipe is ready.
final class Mailbox: Sendable {
  let wakeup: Wakeup
  private let state = Mutex(State())

  private struct State {
    var commands: [Command] = []
    var error: (any Error)?
    var stages: [StageDescription]?
    var waiting: [CheckedContinuation<[StageDescription], any Error>] = []
  }

  init() throws(ZeroMQError) { wakeup = try Wakeup() }

  /// Leaves a command; after the engine's end a submitted request fails at once.
  func post(_ command: Command) {
    let error: (any Error)? = state.withLock { state in
      if state.error == nil { state.commands.append(command) }
      return state.error
    }
    if let error {
      if case .submit(_, _, _, let sink) = command { sink.finish(error) }
    } else {
      wakeup.wake()
    }
  }

  func take() -> [Command] {
    state.withLock { state in
      defer { state.commands = [] }
      return state.commands
    }
  }

  // MARK: - Ready, and over

  func becomeReady(_ stages: [StageDescription]) {
    let waiting = state.withLock { state in
      state.stages = stages
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(returning: stages) }
  }

  /// Waits until every stage is ready, or for the error that came instead.
  func ready() async throws -> [StageDescription] {
    try await withCheckedThrowingContinuation { continuation in
      let now: Result<[StageDescription], any Error>? = state.withLock { state in
        if let error = state.error { return .failure(error) }
        if let stages = state.stages { return .success(stages) }
        state.waiting.append(continuation)
        return nil
      }
      if let now { continuation.resume(with: now) }
    }
  }

  /// Takes no more commands; the requests that were left are the caller's to fail.
  func close(_ error: any Error) -> [Sink] {
    let (commands, waiting) = state.withLock { state in
      state.error = error
      defer { (state.commands, state.waiting) = ([], []) }
      return (state.commands, state.waiting)
    }
    for continuation in waiting { continuation.resume(throwing: error) }
    return commands.compactMap { if case .submit(_, _, _, let sink) = $0 { sink } else { nil } }
  }
}

internal import AsyncAlgorithms
internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// An answer as server-sent events.
enum EventStream {
  /// A body of events that `produce` makes as long as somebody reads them.
  ///
  /// It is cancelled when the client goes away, and when it takes nothing for `limits.stall`. An error it throws is the last
  /// event.
  static func body(
    of request: Request, on channel: any Channel, _ limits: ServerLimits,
    _ produce: @escaping @Sendable (_ send: @escaping @Sendable (String) async -> Void) async throws -> Void
  ) -> ResponseBody {
    ResponseBody { writer in
      let output = Output(writer)
      try await request.body.consumeWithCancellationOnInboundClose { _ in
        let events = AsyncChannel<String>()
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            defer { events.finish() }
            do {
              try await produce { await events.send($0) }
            } catch is CancellationError {
              return
            } catch {
              await events.send(JSON.text(APIError(error).body))
            }
          }
          let stalled = Watch(limits.stall) { channel.close(promise: nil) }
          defer { stalled.end() }
          for await event in events {
            stalled.begin()
            try await output.write("data: \(event)\n\n")
            stalled.rest()
          }
          try await group.waitForAll()
        }
      }
      try await output.finish()
    }
  }

  /// Hands the writer of a body into a closure that has to be able to leave its thread; nobody else has it.
  private final class Output: @unchecked Sendable {
    // Unchecked: one task writes at a time.
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    func write(_ text: String) async throws { try await writer.write(ByteBuffer(string: text)) }

    func finish() async throws { try await writer.finish(nil) }
  }

  /// Acts when something that was begun takes longer than it may.
  private final class Watch: Sendable {
    private final class Deadline: Sendable {
      let value = Mutex<ContinuousClock.Instant?>(nil)
    }

    private let limit: Duration
    private let deadline = Deadline()
    private let task: Task<Void, Never>

    init(_ limit: Duration, _ act: @escaping @Sendable () -> Void) {
      self.limit = limit
      task = Task { [deadline] in
        while (try? await Task.sleep(for: min(limit, .seconds(1)))) != nil {
          if let deadline = deadline.value.withLock({ $0 }), deadline < .now { return act() }
        }
      }
    }

    func begin() { deadline.value.withLock { $0 = .now + limit } }
    func rest() { deadline.value.withLock { $0 = nil } }
    func end() { task.cancel() }
  }
}

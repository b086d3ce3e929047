internal import AsyncAlgorithms
internal import Hummingbird
internal import NIOCore

/// An answer as server-sent events.
enum EventStream {
  /// A body of events that `produce` makes as long as somebody reads them.
  ///
  /// It is cancelled when the client goes away. An error it throws is the last event, and is thrown on for the log.
  static func body(
    of request: Request,
    _ produce: @escaping @Sendable (_ send: @escaping @Sendable (String) async -> Void) async throws -> Void
  ) -> ResponseBody {
    ResponseBody { writer in
      let output = Output(writer)
      let failure = try await request.body.consumeWithCancellationOnInboundClose { _ in
        let events = AsyncChannel<String>()
        return try await withThrowingTaskGroup(of: (any Error)?.self) { group in
          group.addTask {
            defer { events.finish() }
            do {
              try await produce { await events.send($0) }
              return nil
            } catch let error as CancellationError {
              throw error
            } catch {
              await events.send(JSONText.text(APIError(error).body))
              return error
            }
          }
          for await event in events { try await output.write("data: \(event)\n\n") }
          return try await group.next() ?? nil
        }
      }
      try await output.finish()
      if let failure { throw failure }
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
}

internal import GPT2

/// Where the engine puts what a request brings; erases the kind of the request.
struct Sink: Sendable {
  /// Puts in a result; whether the request should be held until its reader has caught up.
  let deliver: @Sendable (RequestResult) -> Bool
  let finish: @Sendable ((any Error)?) -> Void

  init<Element>(
    _ writer: Results<Element>.Writer, element: @escaping @Sendable (RequestResult) -> Element?
  ) {
    deliver = { result in element(result).map { writer.send($0) } ?? false }
    finish = { writer.finish(throwing: $0) }
  }
}

/// What a request brings, in order, as its reader takes it.
///
/// One task reads, once. Whoever stops reading ends the request: by dropping the results with their iterator, or by being
/// cancelled, in which case reading throws `CancellationError`. A failure of the request is thrown after the elements
/// that came before it.
public struct Results<Element: Sendable>: AsyncSequence, Sendable {
  private let reader: Reader

  /// Both ends of a new request's results.
  ///
  /// - Parameters:
  ///   - limit: undelivered elements from which on the writer is to hold the request, at least 1. Those already in the
  ///     pipe still come, so that there are a few more at most.
  ///   - onEvent: called from any thread, with no lock held.
  static func make(limit: Int, onEvent: @escaping @Sendable (Event) -> Void) -> (results: Results, writer: Writer) {
    precondition(limit >= 1)
    let channel = ResultChannel<Element>(limit: limit, onEvent: onEvent)
    return (Results(reader: Reader(channel: channel)), Writer(channel: channel))
  }

  /// What the reader did.
  enum Event: Hashable, Sendable {
    /// Of a full buffer, half is read: the request can be resumed.
    case drained
    /// Nobody reads any more: the request can be cancelled. Comes once, and not after the end was read.
    case abandoned
  }

  /// The end that results are put in at.
  struct Writer: Sendable {
    fileprivate let channel: ResultChannel<Element>

    /// Puts in an element; never blocks. Elements nobody will read are dropped.
    ///
    /// - Returns: whether the buffer is full, so that the request should be held until ``Event/drained`` comes. Ask the
    ///   mailbox that takes events only afterwards, and the two cannot overtake each other.
    @discardableResult
    func send(_ element: Element) -> Bool { channel.send(element) }

    /// Ends the results, with an error when the request failed. Only the first end counts.
    func finish(throwing error: (any Error)? = nil) { channel.finish(error) }
  }

  public func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let reader: Reader

    /// The next element, when it is there; nil at the end.
    ///
    /// - Precondition: no other task is waiting for one.
    public mutating func next() async throws -> Element? {
      let channel = reader.channel
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { channel.take($0) }
      } onCancel: {
        channel.abandon(CancellationError())
      }
    }
  }

  /// Lives as long as someone may read.
  fileprivate final class Reader: Sendable {
    let channel: ResultChannel<Element>

    init(channel: ResultChannel<Element>) { self.channel = channel }

    deinit { channel.abandon(nil) }
  }
}

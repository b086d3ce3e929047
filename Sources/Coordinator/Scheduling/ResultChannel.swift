internal import Synchronization

/// The state between a writer and a reader.
final class ResultChannel<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    /// Elements at the front that were taken.
    var taken = 0
    var end: Result<Void, any Error>?
    /// Whether the writer was told to hold.
    var isFull = false
    /// Whether the reader knows the end, or is gone.
    var isOver = false
    var waiting: CheckedContinuation<Element?, any Error>?

    var count: Int { elements.count - taken }
  }

  private enum Outcome {
    case wait
    case element(Element, isDrained: Bool)
    case end(Result<Void, any Error>)
  }

  private let state = Mutex(State())
  private let limit: Int
  private let onEvent: @Sendable (Results<Element>.Event) -> Void

  init(limit: Int, onEvent: @escaping @Sendable (Results<Element>.Event) -> Void) {
    self.limit = limit
    self.onEvent = onEvent
  }

  func send(_ element: Element) -> Bool {
    let (waiting, isFull) = state.withLock { state in
      guard state.end == nil else { return (nil as CheckedContinuation<Element?, any Error>?, false) }
      if let waiting = state.waiting.take() { return (waiting, false) }
      state.elements.append(element)
      if state.count >= limit { state.isFull = true }
      return (nil, state.isFull)
    }
    waiting?.resume(returning: element)
    return isFull
  }

  func finish(_ error: (any Error)?) {
    let waiting: CheckedContinuation<Element?, any Error>? = state.withLock { state in
      guard state.end == nil else { return nil }
      state.end = error.map { .failure($0) } ?? .success(())
      if state.waiting != nil { state.isOver = true }
      return state.waiting.take()
    }
    if let error { waiting?.resume(throwing: error) } else { waiting?.resume(returning: nil) }
  }

  func take(_ continuation: CheckedContinuation<Element?, any Error>) {
    let outcome = state.withLock { state -> Outcome in
      precondition(state.waiting == nil, "two tasks read the same results")
      if state.count > 0 {
        let element = state.elements[state.taken]
        state.taken += 1
        // Moving the rest down now and then costs each element a constant.
        if 2 * state.taken >= state.elements.count {
          state.elements.removeFirst(state.taken)
          state.taken = 0
        }
        let isDrained = state.isFull && state.count <= limit / 2
        if isDrained { state.isFull = false }
        return .element(element, isDrained: isDrained && state.end == nil)
      }
      if let end = state.end {
        state.isOver = true
        return .end(end)
      }
      state.waiting = continuation
      return .wait
    }
    switch outcome {
    case .wait: break
    case .element(let element, let isDrained):
      if isDrained { onEvent(.drained) }
      continuation.resume(returning: element)
    case .end(.success): continuation.resume(returning: nil)
    case .end(.failure(let error)): continuation.resume(throwing: error)
    }
  }

  /// The reader stops; `error` is what it is told when it asks again all the same.
  func abandon(_ error: (any Error)?) {
    let (waiting, isNews) = state.withLock { state in
      guard !state.isOver else { return (nil as CheckedContinuation<Element?, any Error>?, false) }
      state.isOver = true
      state.elements = []
      state.taken = 0
      // An end that was set already needs no cancelling.
      let isNews = state.end == nil
      state.end = error.map { .failure($0) } ?? .success(())
      return (state.waiting.take(), isNews)
    }
    if isNews { onEvent(.abandoned) }
    if let error { waiting?.resume(throwing: error) } else { waiting?.resume(returning: nil) }
  }
}

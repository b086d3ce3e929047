internal import Synchronization

/// How many texts are being written or wait, and whether more are taken.
final class Admission: Sendable {
  let limit: Int
  private let state = Mutex(State())

  private struct State {
    var texts = 0
    var isClosed = false
  }

  init(limit: Int) { self.limit = limit }

  /// A place for some texts, given back when it goes away.
  final class Place: Sendable {
    private let admission: Admission
    private let texts: Int

    fileprivate init(_ admission: Admission, _ texts: Int) { (self.admission, self.texts) = (admission, texts) }

    deinit { admission.state.withLock { $0.texts -= texts } }
  }

  /// Takes in `texts` more.
  ///
  /// - Throws: ``APIError`` when there is no room, or when the server is about to end.
  func enter(_ texts: Int) throws(APIError) -> Place {
    let refusal: APIError? = state.withLock { state in
      if state.isClosed { return .unavailable("the server is shutting down") }
      // Who asks for more than there ever is may have it when nobody else is there.
      if state.texts > 0, state.texts + texts > limit {
        return .overloaded(limit: limit, retryAfter: 1 + state.texts / 64)
      }
      state.texts += texts
      return nil
    }
    if let refusal { throw refusal }
    return Place(self, texts)
  }

  /// Takes in nobody any more.
  func close() { state.withLock { $0.isClosed = true } }

  var isClosed: Bool { state.withLock { $0.isClosed } }
  /// Texts being written or waiting.
  var texts: Int { state.withLock { $0.texts } }
}

internal import Synchronization

/// The state, for all who answer. What is in it, anybody may read.
final class StateBox: Sendable {
  private let state = Mutex(ServerState.loading("the cluster comes together"))

  var value: ServerState { state.withLock { $0 } }

  /// Moves on; an end stays the end.
  func become(_ new: ServerState) {
    state.withLock { state in
      switch (state, new) {
      case (.failed, _), (.draining, .ready), (.draining, .loading), (.draining, .stalled): break
      default: state = new
      }
    }
  }
}

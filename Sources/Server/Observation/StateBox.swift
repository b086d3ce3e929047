internal import Coordinator
internal import Synchronization

/// The state, for all who answer. What is in it, anybody may read.
final class StateBox: Sendable {
  private let state = Mutex(ServerState.loading("the cluster comes together"))

  var value: ServerState { state.withLock { $0 } }

  /// Moves on. An end stays the end, and what was ready once does not load again: workers come and go beside the work.
  func become(_ new: ServerState) {
    state.withLock { $0 = $0.followed(by: new) }
  }

  /// Goes by whether work is interrupted.
  func follow(_ interruption: PipelineStatistics.Interruption?) {
    state.withLock { state in
      if let interruption {
        state = state.followed(by: ServerState(interruption))
      } else if case .recovering = state {
        state = .ready
      }
    }
  }
}

extension ServerState {
  fileprivate func followed(by new: ServerState) -> ServerState {
    switch (self, new) {
    case (.failed, _), (.draining, .ready), (.draining, .loading), (.draining, .recovering), (.draining, .stalled): self
    case (.ready, .loading), (.recovering, .loading), (.stalled, .loading): self
    // The cluster has yet to come together.
    case (.loading, .recovering): self
    default: new
    }
  }
}

internal import Coordinator

/// Whether there is a cluster to answer, and if not, why.
enum ServerState: Hashable, Sendable {
  /// Workers join and load their weights, for the first time.
  case loading(String)
  case ready
  /// A worker or a link was lost, or another plan is better. Texts pause until work goes on.
  case recovering(String, takesRequests: Bool)
  /// Nothing has crossed the pipe for too long.
  case stalled(String)
  /// What runs is finished, and nothing new begins.
  case draining
  case failed(String)

  /// All that clients are told of a cluster's end.
  static let end = "the cluster that holds the model has ended or lost a worker; the server's log says more"

  var name: String {
    switch self {
    case .loading: "loading"
    case .ready: "ready"
    case .recovering: "recovering"
    case .stalled: "stalled"
    case .draining: "draining"
    case .failed: "failed"
    }
  }

  var reason: String {
    switch self {
    case .loading(let reason), .recovering(let reason, _), .stalled(let reason), .failed(let reason): reason
    case .ready: ""
    case .draining: "the server is shutting down"
    }
  }

  /// What everybody may know of it, who names no key: no worker's name.
  var openReason: String {
    guard case .recovering(_, takesRequests: true) = self else { return reason }
    return "a worker or a link was lost, or the blocks are dealt out anew; work goes on in a moment"
  }
}

extension ServerState {
  /// What clients are told of an interruption: who was lost, and neither addresses nor what the worker itself said of it.
  init(_ interruption: PipelineStatistics.Interruption) {
    guard interruption.hasPlan else {
      self = .recovering("too few workers are left, and another one is waited for", takesRequests: false)
      return
    }
    let loss = interruption.reason.firstRange(of: ": ").map { interruption.reason[..<$0.lowerBound] }
    let shown = loss ?? interruption.reason[...]
    self = .recovering(
      shown.isEmpty || shown.contains("://") ? "a worker or a link was lost" : String(shown), takesRequests: true)
  }
}

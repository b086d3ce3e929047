/// Whether there is a cluster to answer, and if not, why.
enum ServerState: Hashable, Sendable {
  /// Workers join and load their weights.
  case loading(String)
  case ready
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
    case .stalled: "stalled"
    case .draining: "draining"
    case .failed: "failed"
    }
  }

  var reason: String {
    switch self {
    case .loading(let reason), .stalled(let reason), .failed(let reason): reason
    case .ready: ""
    case .draining: "the server is shutting down"
    }
  }
}

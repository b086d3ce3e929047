internal import Coordinator
internal import GPT2
internal import HTTPTypes

extension APIError {
  /// What an engine's error means to a client; nil for one that is not an engine's.
  static func of(engine error: any Error) -> APIError? {
    switch error {
    case let error as SamplingError: APIError(error)
    case let error as ModelError: .invalid(nil, "\(error)")
    case AdmissionError.tooManyWaiting(let limit): .overloaded(limit: limit, retryAfter: 5)
    case let error as AdmissionError: .invalid("max_tokens", "\(error)")
    case ClusterError.notFinite(_, _, let position): APIError(SamplingError.notFinite(position: position))
    case ClusterError.poisonous:
      APIError(
        status: .internalServerError, message: "\(error); change it before you ask again", type: "server_error",
        code: "poisonous")
    case ClusterError.stopped: .unavailable("the server is shutting down")
    // Names and addresses of workers are for the log.
    case is ClusterError: .unavailable(ServerState.end)
    default: nil
    }
  }
}

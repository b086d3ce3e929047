/// Why a request was not taken.
public enum AdmissionError: Error, Hashable, Sendable {
  /// It needs more positions of the caches than there are for all requests together, so it can never run here.
  case beyondBudget(positions: Int, budget: Int)
  /// As many requests wait as may; later there may be room again.
  case tooManyWaiting(limit: Int)
}

extension AdmissionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .beyondBudget(let positions, let budget):
      "the request needs \(positions) positions of key-value cache and the workers have memory for \(budget); "
        + "shorten the prompt, ask for fewer tokens, or give the workers more memory"
    case .tooManyWaiting(let limit):
      "\(limit) requests are waiting already, which is the most that may; try again later"
    }
  }
}

/// Why a request can never run here.
public enum AdmissionError: Error, Hashable, Sendable {
  /// It needs more positions of the caches than there are for all requests together.
  case beyondBudget(positions: Int, budget: Int)
}

extension AdmissionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .beyondBudget(let positions, let budget):
      "the request needs \(positions) positions of key-value cache and the workers have memory for \(budget); "
        + "shorten the prompt, ask for fewer tokens, or give the workers more memory"
    }
  }
}

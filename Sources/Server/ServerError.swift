internal import FoundationEssentials

/// Why a server cannot begin.
public enum ServerError: Error, Hashable, Sendable {
  case keys(path: String, reason: String)
  case address(String, reason: String)
  case noTokenizer(model: String)
  case origin(String)
}

extension ServerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .keys(let path, let reason): "\(path): \(reason)"
    case .address(let address, let reason): "--http \(address): \(reason)"
    case .origin(let text):
      "--cors-origin \(text): give scheme, host and port as a browser says them, as http://localhost:3000, or * for all"
    case .noTokenizer(let model):
      "\(model): has no tokenizer, and a server answers with text; add vocab.json and merges.txt"
    }
  }
}

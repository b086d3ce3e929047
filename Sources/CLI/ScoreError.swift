import ArgumentParser
import Coordinator
import FoundationEssentials
import GPT2
import LibC
import Platform
import Wording

/// A text with nothing to score.
enum ScoreError: Error, CustomStringConvertible {
  case tooShort(String, tokens: Int)
  case contextTooShort(String)

  var description: String {
    switch self {
    case .tooShort(let place, let tokens):
      "\(place): has \(count(tokens, "token")), expected at least 2, since the first is context for the others; give more text"
    case .contextTooShort(let model):
      "\(model): n_positions is 1, expected at least 2 to score; a model without context predicts nothing"
    }
  }
}

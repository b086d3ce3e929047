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

  /// Makes sure that there is something to score in a text, all of it tokens that the model knows.
  ///
  /// - Throws: ``ScoreError``, ``PromptError``.
  static func check(_ item: InputOptions.Item, _ configuration: Configuration) throws {
    guard item.tokens.count >= 2 else { throw ScoreError.tooShort(item.place, tokens: item.tokens.count) }
    for (index, token) in item.tokens.enumerated() where token >= configuration.vocabularySize {
      throw PromptError(
        place: item.place, error: .unknownToken(token, index: index, vocabularySize: configuration.vocabularySize))
    }
  }

  var description: String {
    switch self {
    case .tooShort(let place, let tokens):
      "\(place): has \(count(tokens, "token")), expected at least 2, since the first is context for the others; give more text"
    case .contextTooShort(let model):
      "\(model): n_positions is 1, expected at least 2 to score; a model without context predicts nothing"
    }
  }
}

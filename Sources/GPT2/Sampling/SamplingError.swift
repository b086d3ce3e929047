/// Why a text cannot be continued, or not as asked.
public enum SamplingError: Error, Hashable, Sendable {
  case optionOutOfRange(SamplingOptions.Name, found: Double)
  case tooManyBiases(Int, limit: Int)
  /// A bias is for a token that the model does not have.
  case unknownBiasToken(Int, vocabularySize: Int)
  /// One of the only tokens that may come is none that the model has.
  case unknownAllowedToken(Int, vocabularySize: Int)
  /// A logit for the token at `position` is NaN or +∞, or so large that the temperature makes it so.
  case notFinite(position: Int)
  /// The request leaves no token that may come.
  case everythingBlocked(position: Int, noRepeatNGram: Int)

  case emptyPrompt
  case promptTooLong(tokens: Int, limit: Int)
  case unknownToken(Int, index: Int, vocabularySize: Int)
  case negativeMaximumTokens(Int)
  case minimumTokens(Int, maximum: Int)

  case emptyStop(index: Int)
  case stopTooLong(index: Int, bytes: Int, limit: Int)
  case tooManyStops(Int, limit: Int)
  case stopsWithoutTokenizer
}

extension SamplingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .optionOutOfRange(let name, let found):
      "\(name.rawValue) is \(short(found)); \(name.range.advice)"
    case .tooManyBiases(let count, let limit):
      "logit-bias has \(count) tokens; give at most \(limit)"
    case .unknownBiasToken(let token, let size):
      "logit-bias is given for token \(token); the model knows 0 to \(size - 1)"
    case .unknownAllowedToken(let token, let size):
      "allowed-token-ids has token \(token); the model knows 0 to \(size - 1)"
    case .notFinite(let position):
      "the logits for the token at position \(position) are not finite; "
        + "check the checkpoint's weights, or compute in a wider type"
    case .everythingBlocked(let position, 0):
      "no token may come at position \(position); allow more tokens, or let the text end sooner"
    case .everythingBlocked(let position, let size):
      "no-repeat-ngram \(size) leaves no token to choose at position \(position); "
        + "give a greater number, or 0 to allow all"
    case .emptyPrompt:
      "the prompt has no tokens; give at least one (the end-of-text token stands for the start of a text)"
    case .promptTooLong(let tokens, let limit):
      "the prompt has \(tokens) tokens and the model's context (n_positions) is \(limit); shorten the prompt by "
        + "\(tokens - limit) tokens"
    case .unknownToken(let token, let index, let size):
      "token \(index) of the prompt is \(token); the model knows 0 to \(size - 1): check that tokenizer and weights "
        + "belong together"
    case .negativeMaximumTokens(let found):
      "max-tokens is \(found); give 0 or more"
    case .minimumTokens(let found, let maximum):
      "min-tokens is \(found); give 0 to max-tokens, which is \(maximum)"
    case .emptyStop(let index):
      "stop string \(index + 1) is empty; give at least one character, or leave it out"
    case .stopTooLong(let index, let bytes, let limit):
      "stop string \(index + 1) has \(bytes) bytes; give at most \(limit)"
    case .tooManyStops(let count, let limit):
      "there are \(count) stop strings; give at most \(limit)"
    case .stopsWithoutTokenizer:
      "stop strings need text and the model has no tokenizer; "
        + "leave them out, or add vocab.json and merges.txt to the model"
    }
  }
}

extension ClosedRange<Double> {
  /// What to give instead of a number that is not in it.
  public var advice: String { "give a number from \(short(lowerBound)) to \(short(upperBound))" }
}

/// A number as a person writes it: whole ones without a fraction.
private func short(_ value: Double) -> String {
  if let whole = Int(exactly: value) { String(whole) } else { String(value) }
}

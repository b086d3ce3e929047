import GPT2
import TestSupport

@testable import Coordinator

/// A request that a client makes, and how it behaves; times in milliseconds.
struct Order: Hashable, Sendable {
  enum Kind: String, Sendable { case generate, score, embed }

  var kind: Kind
  /// Which tokens: they follow from it.
  var seed: Int
  /// Tokens of the prompt, or of the text.
  var count: Int
  /// Tokens to write, or the window's.
  var limit: Int
  var stride = 1
  var at: Int
  var client = 0
  /// It is cancelled after so many results; 0 where it is not.
  var cancelled = 0
  /// When it is cancelled, whatever has come of it; 0 where it is not.
  var left = 0
  /// How long its reader takes for a result, during which it is held; 0 for no time.
  var held = 0
  /// Whoever computes a row of it dies.
  var isPoison = false

  func work() -> Work {
    var numbers = SeededNumbers(seed)
    let configuration = ToyModel.configuration
    let tokens = (0..<count).map { _ in numbers.below(configuration.vocabularySize) }
    do {
      switch kind {
      case .embed: return .embed(try Reading(tokens, configuration: configuration))
      case .score:
        return .score(
          try Scoring(
            tokens, window: limit, stride: stride, topLogProbabilities: numbers.number(0...2),
            ranks: numbers.chance(oneIn: 2), configuration: configuration))
      case .generate:
        var request = GenerationRequest(
          prompt: tokens, maximumTokens: limit, endOfTextTokens: numbers.chance(oneIn: 4) ? nil : [])
        if numbers.chance(oneIn: 4) { request.stopTokens = [3, 7, 40] }
        request.minimumTokens = min(limit, numbers.number(0...3))
        return .generate(try Generation(request, configuration: configuration, tokenizer: nil))
      }
    } catch { preconditionFailure("\(self): \(error)") }
  }
}

extension Order {
  var word: Word {
    Word(
      kind.rawValue,
      [
        "seed": seed, "count": count, "limit": limit, "stride": stride, "at": at, "client": client,
        "cancelled": cancelled, "left": left, "held": held, "poison": isPoison ? 1 : 0,
      ])
  }

  init?(_ word: Word) {
    guard let kind = Kind(rawValue: word.name) else { return nil }
    self.init(
      kind: kind, seed: word["seed"], count: word["count"], limit: word["limit"], stride: word["stride"],
      at: word["at"], client: word["client"], cancelled: word["cancelled"], left: word["left"], held: word["held"],
      isPoison: word["poison"] != 0)
  }
}

import GPT2
import TestSupport

@testable import Coordinator

/// A model whose hidden state is a hash of all tokens up to a position, so that a wrong, missing or foreign one shows.
enum FakeModel {
  static let vocabularySize = 97
  static let endOfText = 13

  static func configuration(positionCount: Int = 64) -> Configuration {
    Configuration(
      layerCount: 1, headCount: 1, width: 8, positionCount: positionCount, vocabularySize: vocabularySize,
      endOfTextTokens: [endOfText])
  }

  static func generation(
    _ prompt: [Int], maximumTokens: Int, positionCount: Int = 2048, ends: Bool = false
  ) throws -> Generation {
    try Generation(
      GenerationRequest(prompt: prompt, maximumTokens: maximumTokens, endOfTextTokens: ends ? nil : []),
      configuration: configuration(positionCount: positionCount), tokenizer: nil)
  }

  static func next(_ hidden: UInt64, _ token: Int) -> UInt64 { mixed(hidden &* 31 &+ UInt64(token) &+ 1) }

  /// The hidden state after each of the tokens.
  static func hidden(_ tokens: some Sequence<Int>) -> [UInt64] {
    var last: UInt64 = 0
    return tokens.map { token in
      last = next(last, token)
      return last
    }
  }

  static func choose(_ hidden: UInt64) -> SampledToken {
    SampledToken(token: Int(hidden % UInt64(vocabularySize)), logProbability: -1)
  }

  static func score(_ hidden: UInt64, target: Int) -> UInt64 { mixed(hidden ^ UInt64(target)) }

  // MARK: Requests alone

  static func run(_ generation: Generation) -> [Int] {
    var generation = generation
    while generation.finishReason == nil { _ = generation.accept(choose(hidden(generation.sequence).last!)) }
    return Array(generation.tokens)
  }

  /// As the documentation of scoring says it, window by window.
  static func scores(_ tokens: [Int], window: Int, stride: Int) -> [UInt64] {
    var scores: [UInt64] = []
    var begin = 0
    while scores.count < tokens.count - 1 {
      let end = min(begin + window, tokens.count)
      let hidden = hidden(tokens[begin..<end])
      for target in (scores.count + 1)..<end {
        scores.append(score(hidden[target - 1 - begin], target: tokens[target]))
      }
      begin = min(begin + stride, end - 1)
    }
    return scores
  }
}

extension SeededNumbers {
  mutating func tokens(_ count: Int) -> [Int] { (0..<count).map { _ in number(0...(FakeModel.vocabularySize - 1)) } }
}

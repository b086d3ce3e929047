import GPT2
import MicroBatching
import Platform

/// Log-likelihood of given tokens, by windows that slide over them, on a model in this process.
final class Scorer {
  private let model: Model
  private let top: Int
  private let hidden: Activations
  private let logits: Activations

  /// Rows whose logits are in memory at a time.
  private static let logitRows = 64

  /// - Parameter top: how many of the most probable tokens to report with each scored one.
  /// - Throws: ``ModelError/outOfMemory(bytes:)``.
  init(_ model: Model, top: Int) throws(ModelError) {
    self.model = model
    self.top = top
    hidden = try Activations(width: model.configuration.width)
    logits = try Activations(width: model.configuration.vocabularySize)
  }

  /// log p(token i | the tokens of its window before it), in nats, for every token but the first.
  ///
  /// Windows of `window` tokens begin every `stride` tokens; each scores the tokens no earlier window has scored, with all
  /// of the window before them as context. Positions begin at 0 in every window.
  ///
  /// - Parameters:
  ///   - window: 2 … n_positions
  ///   - stride: 1 … window − 1, or `window` for windows that only share one token
  /// - Returns: `[T − 1]` for T tokens; nothing for fewer than two.
  /// - Throws: ``ModelError``; ``SamplingError/notFinite(position:)`` when the model's logits are no numbers.
  /// - Precondition: window and stride are in range.
  func scores(of tokens: [Int], window: Int, stride: Int) throws -> [SampledToken] {
    precondition(window >= 2 && window <= model.configuration.positionCount && stride >= 1 && stride <= window)
    var scores: [SampledToken] = []
    let vocabularySize = model.configuration.vocabularySize
    if let token = tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw ModelError.tokenOutOfRange(token: token, vocabularySize: vocabularySize)
    }
    guard tokens.count > 1 else { return [] }
    scores.reserveCapacity(tokens.count - 1)
    var begin = 0
    defer { model.release(slot: 0) }
    while scores.count < tokens.count - 1 {
      // The last token is only scored, never read: windows read one token fewer than they span.
      let end = min(begin + window, tokens.count)
      try score(tokens[begin..<end], firstTarget: scores.count + 1, into: &scores)
      begin = min(begin + stride, end - 1)
    }
    return scores
  }

  /// Scores the tokens of one window from `firstTarget` on.
  private func score(_ window: ArraySlice<Int>, firstTarget: Int, into scores: inout [SampledToken]) throws {
    var start = window.startIndex
    while start < window.endIndex - 1 {
      let end = min(start + Model.rowsAtATime, window.endIndex - 1)
      let segment = Segment(slot: 0, start: start - window.startIndex, count: end - start)
      try model.forward(window[start..<end], MicroBatch([segment]), into: hidden)
      var row = max(start, firstTarget - 1)
      while row < end {
        let rows = row..<min(row + Self.logitRows, end)
        try model.logits(of: hidden, rows: (rows.lowerBound - start)..<(rows.upperBound - start), into: logits)
        scores.append(contentsOf: try logLikelihoods(of: window, rows: rows))
        row = rows.upperBound
      }
      start = end
    }
  }

  /// Of the tokens that follow `rows`, whose logits are at hand.
  private func logLikelihoods(of window: ArraySlice<Int>, rows: Range<Int>) throws -> [SampledToken] {
    var scores: [SampledToken?] = Array(repeating: nil, count: rows.count)
    scores.withUnsafeMutableBufferPointer { scores in
      model.pool.forEach(rows.count, work: 4 * rows.count * model.configuration.vocabularySize) { index in
        let row = UnsafeBufferPointer(logits[index])
        let target = window[rows.lowerBound + index + 1]
        scores[index] = LogProbabilities(row.span, kernels: model.kernels).map {
          SampledToken(
            token: target, logProbability: $0.logProbability(ofLogit: row[target]), top: $0.top(top, of: row.span))
        }
      }
    }
    return try scores.enumerated().map { index, score in
      guard let score else { throw SamplingError.notFinite(position: rows.lowerBound + index) }
      return score
    }
  }
}

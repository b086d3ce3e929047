package import GPT2
internal import MicroBatching
package import Platform

/// Reads texts with a model held as F32, and beside it with the same one held as other types.
///
/// Two models are in memory at a time, and the logits of some rows.
package final class WeightComparison {
  /// Tokens that are predicted, of all texts together, and how many could be.
  package let tokenCount: Int
  package let textTokenCount: Int
  /// Tokens of a text that are read together.
  package let window: Int
  private let texts: [[Int]]
  private let reference: Reader
  private let pool: ThreadPool
  private let kernels: Kernels

  /// Rows whose logits are in memory.
  private static let rowsAtATime = 128

  /// - Parameters:
  ///   - checkpoint: the model, to be held as F32.
  ///   - texts: tokens that the model knows, at least two in each; the first is context for the others.
  ///   - limit: most tokens that are predicted, at least one.
  /// - Throws: ``CheckpointError``, ``ModelError``.
  package init(_ checkpoint: Checkpoint, texts: [[Int]], limit: Int, kernels: Kernels, pool: ThreadPool) throws {
    precondition(limit >= 1 && !texts.isEmpty && texts.allSatisfy { $0.count >= 2 })
    precondition(checkpoint.configuration.weights.choice == .f32)
    (self.texts, self.kernels, self.pool) = (texts, kernels, pool)
    window = checkpoint.configuration.positionCount
    textTokenCount = texts.reduce(0) { $0 + $1.count - 1 }
    tokenCount = min(limit, textTokenCount)
    reference = try Reader(checkpoint, kernels: kernels, pool: pool)
  }

  /// What the model says as F32, and what it costs to hold it as another type.
  ///
  /// - Parameters:
  ///   - checkpoint: the same model, to be held as another type.
  ///   - progress: told how many tokens were predicted.
  /// - Throws: ``WeightComparisonError``, ``CheckpointError``, ``ModelError``.
  package func costs(
    of checkpoint: Checkpoint, progress: (Int) -> Void
  ) throws -> (reference: WeightCost, type: WeightCost) {
    let other = try Reader(checkpoint, kernels: kernels, pool: pool)
    var sum = LogitDifference()
    for (text, tokens) in texts.enumerated() {
      // Windows follow each other, so that every token but a text's first is predicted once.
      for begin in stride(from: 0, to: tokens.count - 1, by: window) {
        let end = min(begin + window, tokens.count - 1, begin + tokenCount - sum.count)
        for start in stride(from: begin, to: end, by: Self.rowsAtATime) {
          let rows = start..<min(start + Self.rowsAtATime, end)
          try reference.read(tokens[rows], at: start - begin)
          try other.read(tokens[rows], at: start - begin)
          for (index, row) in differences(other, tokens[(rows.lowerBound + 1)...rows.upperBound]).enumerated() {
            guard let row else {
              throw WeightComparisonError.notFinite(
                weights: checkpoint.configuration.weights.name, text: text, position: rows.lowerBound + index)
            }
            sum.add(row)
          }
          progress(sum.count)
        }
      }
    }
    return (WeightCost(reference.configuration, sum.firstAlone), WeightCost(checkpoint.configuration, sum))
  }

  /// Row by row, how logits differ before these tokens; nil where they are not finite.
  private func differences(_ other: Reader, _ next: ArraySlice<Int>) -> [LogitDifference?] {
    var rows = [LogitDifference?](repeating: nil, count: next.count)
    rows.withUnsafeMutableBufferPointer { rows in
      pool.forEach(rows.count) { row in
        rows[row] = LogitDifference(
          UnsafeBufferPointer(reference.logits[row]), UnsafeBufferPointer(other.logits[row]),
          token: next[next.startIndex + row], kernels: kernels)
      }
    }
    return rows
  }
}

/// A model that reads one text, piece by piece.
private final class Reader {
  /// Of the rows that were read last, `[R, V]`.
  let logits: Activations
  private let model: Model
  private let hidden: Activations

  init(_ checkpoint: Checkpoint, kernels: Kernels, pool: ThreadPool) throws {
    model = try Model(checkpoint, slotCount: 1, kernels: kernels, pool: pool)
    hidden = try Activations(width: model.configuration.width)
    logits = try Activations(width: model.configuration.vocabularySize)
  }

  var configuration: Configuration { model.configuration }

  /// - Parameter start: position of the first token; 0 begins a text.
  func read(_ tokens: ArraySlice<Int>, at start: Int) throws {
    try model.forward(tokens, MicroBatch([Segment(slot: 0, start: start, count: tokens.count)]), into: hidden)
    try model.logits(of: hidden, rows: 0..<tokens.count, into: logits)
  }
}

/// Logits that are no numbers to compare.
package enum WeightComparisonError: Error {
  /// Those at a position of a text, counted from 0, of a model held as a type or as F32.
  case notFinite(weights: String, text: Int, position: Int)
}

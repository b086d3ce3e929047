internal import Wording

/// What `gpt2 compare-weights` says.
package struct WeightReport: Encodable {
  /// A type that the model cannot be held as.
  package struct Refusal: Encodable {
    package var weights: String
    package var reason: String

    package init(weights: String, reason: String) { (self.weights, self.reason) = (weights, reason) }
  }

  package var model: String
  /// Tokens that were predicted, of how many.
  package var tokens: Int
  package var textTokens: Int
  /// Tokens that were read together.
  package var window: Int
  package var reference: WeightCost
  package var types: [WeightCost]
  package var refused: [Refusal]

  enum CodingKeys: String, CodingKey {
    case model, tokens, window, reference, types, refused
    case textTokens = "text_tokens"
  }

  package init(
    model: String, tokens: Int, textTokens: Int, window: Int, reference: WeightCost, types: [WeightCost],
    refused: [Refusal]
  ) {
    (self.model, self.tokens, self.textTokens, self.window) = (model, tokens, textTokens, window)
    (self.reference, self.types, self.refused) = (reference, types, refused)
  }

  /// - Parameter width: characters that a line of the table may have.
  package func text(width: Int) -> String {
    let rows = [reference] + types
    func column(_ title: String, _ rank: Int, _ cell: (WeightCost) -> String) -> TextTable.Column {
      TextTable.Column(title: title, rank: rank, cells: rows.map(cell))
    }
    func differences(_ title: String, _ rank: Int, _ cell: (WeightCost) -> String) -> TextTable.Column {
      TextTable.Column(title: title, rank: rank, cells: [""] + types.map(cell))
    }
    let table = TextTable(columns: [
      column("weights", 0, \.weights),
      column("in memory", 1) { bytes($0.weightBytes) },
      column("nats a token", 0) { fixed($0.crossEntropy, digits: 4) },
      differences("more", 0) { Self.change($0.crossEntropyChange) },
      differences("same token", 0) { Self.share($0.sameTokenShare) },
      differences("logits differ by", 2) { Self.size(100 * $0.logitDifference, digits: 3) + " %" },
      differences("at most", 3) { Self.size($0.largestLogitDifference, digits: 4) },
    ])
    let part = tokens < textTokens ? "the first \(tokens) of \(textTokens) tokens" : count(tokens, "token")
    let lines =
      [
        "\(model), on \(part), read in windows of \(window)", "", table.text(width: width), "",
        "Beside \(reference.weights): cross-entropy, positions where the likeliest token is the same, ‖Δlogits‖ / ‖logits‖,",
        "and the largest difference of a logit.",
      ] + refused.map { "\($0.weights) is not possible: \($0.reason)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// How large a difference is; 0 where there is none at all.
  private static func size(_ difference: Double, digits: Int) -> String {
    let text = fixed(abs(difference), digits: digits)
    guard difference != 0, text.allSatisfy({ "0.".contains($0) }) else { return difference == 0 ? "0" : text }
    return "under \(text.dropLast())1"
  }

  /// With a sign, where there is enough of it to see.
  private static func change(_ share: Double) -> String {
    let size = size(100 * share, digits: 3)
    return (share == 0 || size.hasPrefix("under") ? "" : share > 0 ? "+" : "-") + size + " %"
  }

  /// A share that is 100 % only where nothing is missing.
  private static func share(_ share: Double) -> String {
    share == 1 ? "100 %" : fixed((share * 1000).rounded(.down) / 10, digits: 1) + " %"
  }
}

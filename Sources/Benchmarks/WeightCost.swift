/// What holding a model's weights as one type changes of what it says, beside F32.
package struct WeightCost: Encodable {
  /// The type's name.
  package var weights: String
  /// Bytes of all weights in memory.
  package var weightBytes: Int
  /// Nats a token.
  package var crossEntropy: Double
  /// By how much that is more than F32's, as a share of it; negative where it is less.
  package var crossEntropyChange: Double
  /// The largest difference of a logit.
  package var largestLogitDifference: Double
  /// ‖Δlogits‖ / ‖logits‖, roots of sums of squares over all positions and tokens.
  package var logitDifference: Double
  /// Share of the positions where the likeliest token is the same.
  package var sameTokenShare: Double

  enum CodingKeys: String, CodingKey {
    case weights
    case weightBytes = "weight_bytes"
    case crossEntropy = "cross_entropy"
    case crossEntropyChange = "cross_entropy_change"
    case largestLogitDifference = "largest_logit_difference"
    case logitDifference = "logit_difference"
    case sameTokenShare = "same_token_share"
  }
}

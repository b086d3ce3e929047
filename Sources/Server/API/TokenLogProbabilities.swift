internal import GPT2

/// Tokens, with what was likely in their place; all lists are equally long.
struct TokenLogProbabilities: Encodable {
  var tokens: [String] = []
  /// In nats; none for a text's first token, which nothing stands before.
  var tokenLogprobs: [Float?] = []
  var topLogprobs: [[String: Float]?] = []
  /// Where each begins in the text, in code points.
  var textOffset: [Int] = []

  enum CodingKeys: String, CodingKey {
    case tokens
    case tokenLogprobs = "token_logprobs"
    case topLogprobs = "top_logprobs"
    case textOffset = "text_offset"
  }

  static func += (left: inout Self, right: Self) {
    left.tokens += right.tokens
    left.tokenLogprobs += right.tokenLogprobs
    left.topLogprobs += right.topLogprobs
    left.textOffset += right.textOffset
  }
}

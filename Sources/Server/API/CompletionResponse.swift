/// The answer to `POST /v1/completions`, whole or as one event of a stream.
struct CompletionResponse: Encodable {
  struct Choice: Encodable {
    var index: Int
    var text: String
    var logprobs: TokenLogProbabilities?
    var finishReason: String?

    enum CodingKeys: String, CodingKey {
      case index, text, logprobs
      case finishReason = "finish_reason"
    }

    // Clients read all of them, so that nil is written as null.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(index, forKey: .index)
      try container.encode(text, forKey: .text)
      try container.encode(logprobs, forKey: .logprobs)
      try container.encode(finishReason, forKey: .finishReason)
    }
  }

  var id: String
  var object = "text_completion"
  var created: Int
  var model: String
  var choices: [Choice]
  /// Nil leaves it out, nil inside is null: a stream that ends with usage has null before.
  var usage: Usage??
}

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

/// Tokens that were read and written.
struct Usage: Encodable {
  var promptTokens = 0
  var completionTokens = 0

  enum CodingKeys: String, CodingKey {
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(promptTokens, forKey: .promptTokens)
    try container.encode(completionTokens, forKey: .completionTokens)
    try container.encode(promptTokens + completionTokens, forKey: .totalTokens)
  }
}

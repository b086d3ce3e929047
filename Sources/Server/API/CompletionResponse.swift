internal import GPT2

/// The answer to `POST /v1/completions`, whole or as one event of a stream.
struct CompletionResponse: Encodable {
  struct Choice: Encodable {
    var index: Int
    var text: String
    var logprobs: TokenLogProbabilities?
    var finishReason: String?
    /// The stop text or token that ended it.
    var stop: Generation.Stop?
    /// Those below are left out unless the request asks for them.
    var promptLogprobs: [[String: PromptLogProbability]?]?
    var promptTokens: [Int]?
    var tokens: [Int]?

    enum CodingKeys: String, CodingKey {
      case index, text, logprobs
      case finishReason = "finish_reason"
      case stop = "stop_reason"
      case promptLogprobs = "prompt_logprobs"
      case promptTokens = "prompt_token_ids"
      case tokens = "token_ids"
    }

    // Clients read the first of them always, so that nil is written as null.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(index, forKey: .index)
      try container.encode(text, forKey: .text)
      try container.encode(logprobs, forKey: .logprobs)
      try container.encode(finishReason, forKey: .finishReason)
      switch stop {
      case .text(let text): try container.encode(text, forKey: .stop)
      case .token(let token): try container.encode(token, forKey: .stop)
      case nil: try container.encodeNil(forKey: .stop)
      }
      try container.encodeIfPresent(promptLogprobs, forKey: .promptLogprobs)
      try container.encodeIfPresent(promptTokens, forKey: .promptTokens)
      try container.encodeIfPresent(tokens, forKey: .tokens)
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

internal import GPT2

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

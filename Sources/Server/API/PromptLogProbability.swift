internal import GPT2

/// How likely a token was in its place of a prompt.
struct PromptLogProbability: Encodable {
  var logprob: Float
  /// 1 for the likeliest.
  var rank: Int
  var decodedToken: String

  enum CodingKeys: String, CodingKey {
    case logprob, rank
    case decodedToken = "decoded_token"
  }
}

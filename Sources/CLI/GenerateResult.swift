import GPT2
import Platform

/// What `generate --json` says of one prompt.
struct GenerateResult: Encodable {
  var prompt: String?
  var promptTokens: [Int]
  var text: String
  var tokens: [Int]
  var logprobs: [Float]
  var topLogprobs: [[TopToken]]?
  var finishReason: String
  var seed: UInt64
  var timings: Timings
  var model: ModelSettings
  /// How the model's matrices are held.
  var weights: String

  struct TopToken: Encodable {
    var token: Int
    var logprob: Float
  }

  /// In seconds from when the batch began, the load aside.
  struct Timings: Encodable {
    var load: Double
    var firstToken: Double?
    var total: Double
    /// Tokens after the first, by the time after the first.
    var tokensPerSecond: Double?

    enum CodingKeys: String, CodingKey {
      case load = "load_seconds"
      case firstToken = "first_token_seconds"
      case total = "total_seconds"
      case tokensPerSecond = "tokens_per_second"
    }
  }

  enum CodingKeys: String, CodingKey {
    case prompt
    case promptTokens = "prompt_tokens"
    case text, tokens, logprobs
    case topLogprobs = "top_logprobs"
    case finishReason = "finish_reason"
    case seed, timings, model, weights
  }

  init(
    _ item: InputOptions.Item, _ generation: Generation, _ timing: Timing, loadTime: Duration, model: ModelSettings,
    weights: WeightTypes
  ) {
    (self.model, self.weights) = (model, weights.name)
    prompt = item.text
    promptTokens = item.tokens
    text = generation.text
    tokens = Array(generation.tokens)
    logprobs = generation.samples.map(\.logProbability)
    if generation.options.topLogProbabilities > 0 {
      topLogprobs = generation.samples.map { $0.top.map { TopToken(token: $0.token, logprob: $0.logProbability) } }
    }
    finishReason = generation.finishReason?.rawValue ?? ""
    seed = generation.options.seed
    let (first, end) = (timing.firstToken?.seconds, timing.end?.seconds ?? 0)
    timings = Timings(
      load: loadTime.seconds, firstToken: first, total: end,
      tokensPerSecond: first.flatMap { end > $0 ? Double(generation.tokens.count - 1) / (end - $0) : nil })
  }
}

internal import GPT2
internal import JSON

/// What `POST /v1/completions` asks for; documented in docs/API.md.
struct CompletionRequest {
  var model: String?
  /// Empty: the text begins from nothing.
  var prompts: [TextOrTokens]
  var reading: TextReading
  var maximumTokens: Int
  /// Choices that are given back for each prompt.
  var choiceCount: Int
  /// Choices that are written for each prompt.
  var candidateCount: Int
  var options: SamplingOptions
  /// Nil draws another one for each request.
  var seed: UInt64?
  /// Nil asks for no log-probabilities, 0 for those of the chosen tokens alone.
  var logProbabilities: Int?
  var stops: [String]
  /// Tokens that end a text besides the model's own.
  var stopTokens: [Int]
  /// Tokens that come before a text may end.
  var minimumTokens: Int
  /// Whether the model's end-of-text tokens end nothing.
  var ignoresEndOfText: Bool
  /// Whether the stop that ended a text is part of it.
  var keepsStops: Bool
  /// Whether special tokens are no part of a text.
  var hidesSpecialTokens: Bool
  var truncation: PromptTruncation?
  /// Nil asks for none of the prompt's, 0 for those of its tokens alone.
  var promptLogProbabilities: Int?
  var echoes: Bool
  var streams: Bool
  var usage: StreamUsage
  /// Whether token ids come beside the text, and in the place of tokens' texts.
  var returnsTokens: Bool
  var namesTokensByID: Bool
  /// What the client calls the request.
  var id: String?

  /// What a stream says of the tokens it took.
  enum StreamUsage { case none, atEnd, always }

  private static let names: Set<String> = RequestFields.others.union(TextReading.names).union([
    "model", "prompt", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "best_of", "stream",
    "stream_options", "logprobs", "echo", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias",
    "top_k",
    "min_p", "repetition_penalty", "stop_token_ids", "min_tokens", "ignore_eos", "include_stop_str_in_output",
    "skip_special_tokens", "truncate_prompt_tokens", "truncation_side", "prompt_logprobs",
    "allowed_token_ids", "return_token_ids", "return_tokens_as_token_ids", "request_id",
  ])
  private static let tokenLimit = 1024

  /// - Throws: ``APIError`` that names the field.
  init(_ bytes: [UInt8], limits: ServerLimits) throws(APIError) {
    let fields = try RequestFields(bytes)
    try fields.allow(only: Self.names)
    try fields.checkOthers()
    model = try fields.string("model")
    prompts = try fields.inputs("prompt", limit: limits.prompts) ?? []
    reading = try TextReading(fields)
    let maximum = try fields.integer("max_tokens", in: 0...1_000_000) ?? 16
    maximumTokens = try fields.integer("max_completion_tokens", in: 0...1_000_000) ?? maximum
    choiceCount = try fields.integer("n", in: 1...limits.choices) ?? 1
    candidateCount = try fields.integer("best_of", in: 1...limits.choices) ?? choiceCount
    echoes = try fields.boolean("echo") ?? false
    streams = try fields.boolean("stream") ?? false
    logProbabilities = try fields.integer("logprobs", in: 0...limits.logProbabilities)
    usage = try Self.usage(fields, streams: streams)
    guard candidateCount >= choiceCount else {
      throw .invalid("best_of", "best_of is \(candidateCount) and n is \(choiceCount); best_of has to be at least n")
    }
    guard !streams || candidateCount == choiceCount else {
      throw .invalid("best_of", "the best of \(candidateCount) are known at the end only; leave stream or best_of out")
    }
    // Negative seeds are as good as others.
    seed = try fields.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
    stops = try Self.stops(fields)
    stopTokens = try fields.tokens("stop_token_ids", limit: Self.tokenLimit) ?? []
    minimumTokens = try fields.integer("min_tokens", in: 0...1_000_000) ?? 0
    guard minimumTokens <= maximumTokens else {
      throw .invalid("min_tokens", "min_tokens is \(minimumTokens), and max_tokens is \(maximumTokens)")
    }
    ignoresEndOfText = try fields.boolean("ignore_eos") ?? false
    keepsStops = try fields.boolean("include_stop_str_in_output") ?? false
    hidesSpecialTokens = try fields.boolean("skip_special_tokens") ?? true
    truncation = try PromptTruncation.of(fields, side: .left)
    promptLogProbabilities = try fields.integer("prompt_logprobs", in: 0...limits.logProbabilities)
    if streams {
      guard promptLogProbabilities ?? 0 == 0 else {
        throw .invalid(
          "prompt_logprobs", "prompt_logprobs do not come in a stream; leave stream or prompt_logprobs out")
      }
      promptLogProbabilities = nil
    }
    returnsTokens = try fields.boolean("return_token_ids") ?? false
    namesTokensByID = try fields.boolean("return_tokens_as_token_ids") ?? false
    id = try fields.string("request_id")
    guard id?.utf8.count ?? 1 <= 256 else { throw .invalid("request_id", "request_id is longer than 256 bytes") }
    options = try Self.options(fields)
    options.topLogProbabilities = logProbabilities ?? 0
  }

  private static func usage(_ fields: RequestFields, streams: Bool) throws(APIError) -> StreamUsage {
    guard let options = try fields.fields("stream_options") else { return .none }
    guard streams || options.isEmpty else { throw .invalid("stream_options", "stream_options needs stream to be true") }
    try options.allow(only: ["include_usage", "continuous_usage_stats", "include_obfuscation"])
    _ = try options.boolean("include_obfuscation")
    let isContinuous = try options.boolean("continuous_usage_stats") ?? false
    guard try options.boolean("include_usage") ?? isContinuous else { return .none }
    return isContinuous ? .always : .atEnd
  }

  /// What is empty stops nothing.
  private static func stops(_ fields: RequestFields) throws(APIError) -> [String] {
    guard let value = fields["stop"] else { return [] }
    if let stop = value.string { return stop.isEmpty ? [] : [stop] }
    guard let array = value.array else { throw .invalid("stop", "stop has to be a string or a list of strings") }
    guard array.count <= StopMatcher.maximumStops else {
      throw .invalid("stop", "stop has \(array.count) entries; at most \(StopMatcher.maximumStops) are taken")
    }
    var stops: [String] = []
    for entry in array {
      guard let stop = entry.string else { throw .invalid("stop", "stop has to be a string or a list of strings") }
      if !stop.isEmpty { stops.append(stop) }
    }
    return stops
  }

  private static func options(_ fields: RequestFields) throws(APIError) -> SamplingOptions {
    var options = SamplingOptions()
    options.temperature = try fields.number("temperature", in: SamplingOptions.Name.temperature.range) ?? 1
    options.topP = try fields.number("top_p", in: SamplingOptions.Name.topP.range) ?? 1
    options.minP = try fields.number("min_p", in: SamplingOptions.Name.minP.range) ?? 0
    // Elsewhere -1 stands for all.
    options.topK = max(0, try fields.integer("top_k", in: -1...Int(Int32.max)) ?? 0)
    options.repetitionPenalty =
      try fields.number("repetition_penalty", in: SamplingOptions.Name.repetitionPenalty.range) ?? 1
    options.allowedTokens = Set(try fields.tokens("allowed_token_ids", limit: 100_000) ?? [])
    options.presencePenalty = try fields.number("presence_penalty", in: SamplingOptions.Name.presencePenalty.range) ?? 0
    options.frequencyPenalty =
      try fields.number("frequency_penalty", in: SamplingOptions.Name.frequencyPenalty.range) ?? 0
    for (key, value) in try fields.members("logit_bias") ?? [] {
      guard let token = Int(key), token >= 0, options.logitBias[token] == nil else {
        throw .invalid("logit_bias", "logit_bias has to name token ids, each once, and names \(key.prefix(20))")
      }
      guard let bias = RequestFields.number(value), (-100...100).contains(bias) else {
        throw .invalid("logit_bias", "logit_bias of token \(token) has to be a number from -100 to 100")
      }
      options.logitBias[token] = Float(bias)
    }
    return options
  }
}

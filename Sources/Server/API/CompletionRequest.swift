internal import GPT2

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
  var echoes: Bool
  var streams: Bool
  var includesUsage: Bool

  private static let names = TextReading.names.union([
    "model", "prompt", "max_tokens", "temperature", "top_p", "n", "best_of", "stream", "stream_options", "logprobs",
    "echo", "stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "user", "suffix", "top_k", "min_p",
    "repetition_penalty",
  ])

  /// - Throws: ``APIError`` that names the field.
  init(_ bytes: [UInt8], limits: ServerLimits) throws(APIError) {
    let fields = try RequestFields(bytes)
    try fields.allow(only: Self.names)
    guard fields["suffix"] == nil else {
      throw .invalid("suffix", "suffix is not supported: GPT-2 writes on from a prompt and cannot fill in a gap")
    }
    _ = try fields.string("user")
    model = try fields.string("model")
    prompts = try fields.inputs("prompt", limit: limits.prompts) ?? []
    reading = try TextReading(fields)
    maximumTokens = try fields.integer("max_tokens", in: 0...1_000_000) ?? 16
    choiceCount = try fields.integer("n", in: 1...limits.choices) ?? 1
    candidateCount = try fields.integer("best_of", in: 1...limits.choices) ?? choiceCount
    echoes = try fields.boolean("echo") ?? false
    streams = try fields.boolean("stream") ?? false
    logProbabilities = try fields.integer("logprobs", in: 0...limits.logProbabilities)
    includesUsage = false
    if let stream = try fields.fields("stream_options") {
      guard streams else { throw .invalid("stream_options", "stream_options needs stream to be true") }
      try stream.allow(only: ["include_usage"])
      includesUsage = try stream.boolean("include_usage") ?? false
    }
    guard candidateCount >= choiceCount else {
      throw .invalid("best_of", "best_of is \(candidateCount) and n is \(choiceCount); best_of has to be at least n")
    }
    guard !streams || candidateCount == choiceCount else {
      throw .invalid("best_of", "the best of \(candidateCount) are known at the end only; leave stream or best_of out")
    }
    // Negative seeds are as good as others.
    seed = try fields.integer("seed", in: Int.min...Int.max).map { UInt64(bitPattern: Int64($0)) }
    stops = try Self.stops(fields)
    options = try Self.options(fields)
    options.topLogProbabilities = logProbabilities ?? 0
  }

  private static func stops(_ fields: RequestFields) throws(APIError) -> [String] {
    guard let value = fields["stop"] else { return [] }
    if let stop = value.string { return [stop] }
    guard let array = value.array else { throw .invalid("stop", "stop has to be a string or a list of strings") }
    guard array.count <= StopMatcher.maximumStops else {
      throw .invalid("stop", "stop has \(array.count) entries; at most \(StopMatcher.maximumStops) are taken")
    }
    var stops: [String] = []
    for entry in array {
      guard let stop = entry.string else { throw .invalid("stop", "stop has to be a string or a list of strings") }
      stops.append(stop)
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
    options.presencePenalty = try fields.number("presence_penalty", in: SamplingOptions.Name.presencePenalty.range) ?? 0
    options.frequencyPenalty = try fields.number("frequency_penalty", in: SamplingOptions.Name.frequencyPenalty.range) ?? 0
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

internal import GPT2
internal import HTTPTypes

/// A completion request whose prompts are tokens and fit the model.
struct CompletionJob {
  struct Prompt {
    var tokens: [Int]
    /// What `echo` gives back.
    var text: String
  }

  let request: CompletionRequest
  let prompts: [Prompt]
  /// One for each prompt and candidate, prompt by prompt.
  let generations: [Generation]

  var textCount: Int { generations.count }
  var promptTokens: Int { prompts.reduce(0) { $0 + $1.tokens.count } }

  /// - Throws: ``APIError`` that names the field.
  init(
    _ request: CompletionRequest, configuration: Configuration, tokenizer: Tokenizer, limits: ServerLimits
  ) throws(APIError) {
    self.request = request
    let inputs = request.prompts.isEmpty ? [.text("")] : request.prompts
    guard inputs.count * request.candidateCount <= limits.textsPerRequest else {
      throw .invalid(
        "n",
        "\(inputs.count) prompts times \(request.candidateCount) are more than the \(limits.textsPerRequest) texts that one request may write"
      )
    }
    let seed = request.seed ?? UInt64.random(in: 0...UInt64.max)
    var prompts: [Prompt] = []
    var generations: [Generation] = []
    for (index, input) in inputs.enumerated() {
      let place = inputs.count == 1 ? "the prompt" : "prompt \(index)"
      let prompt = try Self.prompt(input, place, request, configuration, tokenizer)
      guard prompt.tokens.count + request.maximumTokens <= configuration.positionCount else {
        throw .invalid(
          prompt.tokens.count > configuration.positionCount ? "prompt" : "max_tokens",
          "the model reads at most \(configuration.positionCount) tokens: \(place) has \(prompt.tokens.count), and max_tokens is \(request.maximumTokens); shorten the prompt or ask for fewer tokens",
          code: "context_length_exceeded")
      }
      prompts.append(prompt)
      for candidate in 0..<request.candidateCount {
        var options = request.options
        options.seed = seed &+ UInt64(candidate)
        var asked = GenerationRequest(
          prompt: prompt.tokens, options: options, maximumTokens: request.maximumTokens, stops: request.stops,
          endOfTextTokens: request.ignoresEndOfText ? [] : nil)
        (asked.stopTokens, asked.minimumTokens) = (request.stopTokens, request.minimumTokens)
        (asked.keepsStops, asked.hidesSpecialTokens) = (request.keepsStops, request.hidesSpecialTokens)
        do throws(SamplingError) {
          generations.append(try Generation(asked, configuration: configuration, tokenizer: tokenizer))
        } catch {
          throw APIError(error)
        }
      }
    }
    self.prompts = prompts
    self.generations = generations
  }

  /// - Parameter place: what the prompt is called in messages.
  private static func prompt(
    _ input: TextOrTokens, _ place: String, _ request: CompletionRequest, _ configuration: Configuration,
    _ tokenizer: Tokenizer
  ) throws(APIError) -> Prompt {
    let prompt = try Self.prompt(input, place, request.reading, configuration, tokenizer)
    guard let truncation = request.truncation else { return prompt }
    let tokens = try truncation.apply(
      to: prompt.tokens, room: max(1, configuration.positionCount - request.maximumTokens))
    guard tokens.count < prompt.tokens.count else { return prompt }
    return Prompt(tokens: tokens, text: tokenizer.text(of: tokens))
  }

  private static func prompt(
    _ input: TextOrTokens, _ place: String, _ reading: TextReading, _ configuration: Configuration,
    _ tokenizer: Tokenizer
  ) throws(APIError) -> Prompt {
    switch input {
    case .text(let text):
      let tokens = reading.tokens(of: text, tokenizer)
      if !tokens.isEmpty { return Prompt(tokens: tokens, text: text) }
      // A text from its beginning.
      guard let beginning = configuration.beginningOfTextToken else {
        throw .invalid("prompt", "\(place) is empty, and this model has no token that begins a text; give one")
      }
      return Prompt(tokens: [beginning], text: "")
    case .tokens(let tokens):
      guard !tokens.isEmpty else { throw .invalid("prompt", "\(place) has no tokens") }
      if let token = tokens.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
        throw .invalid(
          "prompt", "\(place) has token \(token); this model knows 0 to \(configuration.vocabularySize - 1)")
      }
      return Prompt(tokens: tokens, text: tokenizer.text(of: tokens))
    }
  }
}

extension APIError {
  /// What a request asked of the sampler that cannot be.
  init(_ error: SamplingError) {
    let param: String? =
      switch error {
      case .optionOutOfRange(let name, _): name.rawValue.replacing("-", with: "_")
      case .tooManyBiases, .unknownBiasToken: "logit_bias"
      case .emptyStop, .stopTooLong, .tooManyStops, .stopsWithoutTokenizer: "stop"
      case .emptyPrompt, .promptTooLong, .unknownToken: "prompt"
      case .negativeMaximumTokens: "max_tokens"
      case .unknownAllowedToken: "allowed_token_ids"
      case .minimumTokens: "min_tokens"
      case .everythingBlocked: nil
      case .notFinite: nil
      }
    self = .invalid(param, "\(error)")
    // The model's fault, and nobody's who asked.
    if case .notFinite = error { (status, type) = (.internalServerError, "server_error") }
  }
}

/// One request on its way from prompt to finished text, without the model that computes it.
///
/// A loop round it feeds the tokens of `takeInput(atMost:)` to a model, gives the logits of the last of them to
/// `sample(_:kernels:)`, hands the token to `accept(_:)`, and goes on until there is a finish reason:
///
/// ```
/// while generation.finishReason == nil {
///   let input = generation.takeInput(atMost: 64)!
///   … compute input.tokens from position input.start on …
///   if input.isLast { show(try generation.accept(generation.sample(logits, kernels: kernels)).text) }
/// }
/// ```
///
/// It is a value, and all there is to know of a request: when a worker has lost what it computed, `rewind(to:)` makes
/// the known tokens input again, and the tokens after them come out the same.
public struct Generation: Sendable {
  /// Why a generation came to its end.
  public enum FinishReason: String, Hashable, Sendable, CaseIterable {
    /// The most tokens asked for are there, or the model's context is full.
    case length
    /// A stop string was found, or a stop token came. The text ends before it; the tokens include those that made it.
    case stop
    /// An end-of-text token came. It is the last of the tokens, as in transformers, and no part of the text.
    case endOfText = "eos"
  }

  /// What a token brought.
  public struct Update: Hashable, Sendable {
    public var token: SampledToken
    /// Text that is now certain, following on that of earlier updates.
    public var text: String
    /// Set with the last token.
    public var finishReason: FinishReason?
    /// Set when ``FinishReason/stop`` is the reason.
    public var stop: Stop?
  }

  /// Which of the request's stops ended it.
  public enum Stop: Hashable, Sendable {
    case text(String)
    case token(Int)
  }

  /// Consecutive tokens for a model to compute.
  public struct Input: Hashable, Sendable {
    /// Position of the first in the sequence.
    public var start: Int
    public var tokens: ArraySlice<Int>
    /// Whether these are the last tokens known, so that the logits after them decide the next one.
    public var isLast: Bool
  }

  public let promptCount: Int
  /// Length of the sequence at which it ends for want of room or by request.
  public let lengthLimit: Int
  /// Prompt and generated tokens; never more than the model's context.
  public private(set) var sequence: [Int]
  /// The generated tokens with their log-probabilities.
  public private(set) var samples: [SampledToken] = []
  /// The generated text as far as it is certain; empty without a tokenizer.
  public private(set) var text = ""
  public private(set) var finishReason: FinishReason?
  public private(set) var stop: Stop?
  /// How many tokens of the sequence were taken as input.
  public private(set) var takenCount = 0

  private let endOfTextTokens: Set<Int>
  private let stopTokens: Set<Int>
  private let stops: [String]
  private let minimumTokens: Int
  private let keepsStops: Bool
  /// Tokens that are no part of the text.
  private let hiddenTokens: Set<Int>
  /// Tokens that may not come before there are ``minimumTokens``.
  private let lateTokens: Set<Int>
  private let sampler: Sampler
  private var decoder: StreamingDecoder?
  private var stopMatcher: StopMatcher

  /// Begins a generation by a model of `configuration`; without a tokenizer it has tokens and no text.
  ///
  /// Prompt and generated tokens together are at most `configuration.positionCount`. A prompt that leaves no room, and
  /// a request for 0 tokens, make a generation that has finished already, by `length`.
  ///
  /// - Throws: The `SamplingError` that says what of the request cannot be met.
  public init(
    _ request: GenerationRequest, configuration: Configuration, tokenizer: Tokenizer?
  ) throws(SamplingError) {
    let limit = configuration.positionCount
    guard !request.prompt.isEmpty else { throw .emptyPrompt }
    guard request.prompt.count <= limit else { throw .promptTooLong(tokens: request.prompt.count, limit: limit) }
    for (index, token) in request.prompt.enumerated()
    where token < 0 || token >= configuration.vocabularySize {
      throw .unknownToken(token, index: index, vocabularySize: configuration.vocabularySize)
    }
    let room = limit - request.prompt.count
    let maximum = request.maximumTokens ?? room
    guard maximum >= 0 else { throw .negativeMaximumTokens(maximum) }
    guard 0...maximum ~= request.minimumTokens else {
      throw .minimumTokens(request.minimumTokens, maximum: maximum)
    }
    guard request.stops.isEmpty || tokenizer != nil else { throw .stopsWithoutTokenizer }

    sampler = try Sampler(request.options)
    let biased = request.options.logitBias.keys
    if let token = biased.filter({ $0 < 0 || $0 >= configuration.vocabularySize }).min() {
      throw .unknownBiasToken(token, vocabularySize: configuration.vocabularySize)
    }
    if let token = request.options.allowedTokens.filter({ $0 < 0 || $0 >= configuration.vocabularySize }).min() {
      throw .unknownAllowedToken(token, vocabularySize: configuration.vocabularySize)
    }
    stopMatcher = try StopMatcher(request.stops, keepsStop: request.keepsStops)
    stops = request.stops
    decoder = tokenizer.map { StreamingDecoder($0) }
    endOfTextTokens = Set(request.endOfTextTokens ?? configuration.endOfTextTokens)
    stopTokens = Set(request.stopTokens)
    minimumTokens = request.minimumTokens
    keepsStops = request.keepsStops
    hiddenTokens = request.hidesSpecialTokens ? tokenizer?.specialTokens ?? [] : []
    // As in vLLM, the model's own end-of-text tokens too, where they end nothing.
    lateTokens =
      minimumTokens == 0
      ? []
      : endOfTextTokens.union(stopTokens).union(configuration.endOfTextTokens)
        .filter { 0..<configuration.vocabularySize ~= $0 }
    promptCount = request.prompt.count
    sequence = request.prompt
    lengthLimit = request.prompt.count + min(maximum, room)
    if sequence.count == lengthLimit { finishReason = .length }
  }

  public var prompt: ArraySlice<Int> { sequence[..<promptCount] }
  /// The generated tokens, an end-of-text token included.
  public var tokens: ArraySlice<Int> { sequence[promptCount...] }
  public var options: SamplingOptions { sampler.options }
  /// Where the next token will stand in the sequence.
  public var position: Int { sequence.count }
}

// MARK: - Input

extension Generation {
  /// Tokens known and not yet taken as input; none when the generation has finished.
  public var pendingInput: ArraySlice<Int> { finishReason == nil ? sequence[takenCount...] : [] }

  /// Takes the next tokens to compute, at most `count` (≥ 1) of them; nil when there are none to take.
  public mutating func takeInput(atMost count: Int) -> Input? {
    precondition(count >= 1, "no tokens asked for")
    let tokens = pendingInput.prefix(count)
    guard !tokens.isEmpty else { return nil }
    takenCount += tokens.count
    return Input(start: tokens.startIndex, tokens: tokens, isLast: takenCount == sequence.count)
  }

  /// Makes the known tokens from `position` on input again: what was computed from them is lost, or was rolled back.
  public mutating func rewind(to position: Int = 0) {
    precondition(position >= 0, "position before the sequence")
    takenCount = min(takenCount, position)
  }
}

// MARK: - Tokens

extension Generation {
  /// Chooses the next token from `logits`, `[V]`, those after the last token of the sequence. Changes nothing.
  ///
  /// Throws `SamplingError.notFinite` or `.everythingBlocked`.
  public func sample(_ logits: Span<Float>, kernels: Kernels) throws(SamplingError) -> SampledToken {
    try sampler.sample(
      logits, history: sequence, promptCount: promptCount, position: position,
      excluding: samples.count < minimumTokens ? lateTokens : [], kernels: kernels)
  }

  /// Adds the token for `position`. Traps when the generation has finished.
  public mutating func accept(_ token: SampledToken) -> Update {
    precondition(finishReason == nil, "the generation has finished")
    sequence.append(token.token)
    samples.append(token)

    var certain = ""
    if let reason = ending(by: token.token) {
      if keepsStops { certain = decode(token.token) }
      certain += flush()
      // A stop string may have come first, of what was only now certain.
      if finishReason == nil {
        finishReason = reason
        if reason == .stop { stop = .token(token.token) }
      }
    } else {
      certain = decode(token.token)
      if finishReason == nil, sequence.count == lengthLimit {
        certain += flush()
        if finishReason == nil { finishReason = .length }
      }
    }
    text += certain
    return Update(token: token, text: certain, finishReason: finishReason, stop: stop)
  }

  private func ending(by token: Int) -> FinishReason? {
    endOfTextTokens.contains(token) ? .endOfText : stopTokens.contains(token) ? .stop : nil
  }

  /// Ends the text: half a character becomes U+FFFD, and may complete a stop string itself.
  private mutating func flush() -> String {
    let rest = match(decoder?.finish() ?? "")
    return rest + stopMatcher.finish()
  }

  private mutating func decode(_ token: Int) -> String {
    guard !hiddenTokens.contains(token), let piece = decoder?.append(token) else { return "" }
    return match(piece)
  }

  private mutating func match(_ piece: String) -> String {
    let output = stopMatcher.append(piece, mayStop: samples.count > minimumTokens)
    if let index = output.stop, finishReason == nil {
      finishReason = .stop
      stop = .text(stops[index])
    }
    return output.text
  }
}

/// Chooses the next token from a row of logits.
///
/// A pure function: what it gives depends on its options, the logits, the tokens so far and the position, and on
/// nothing that happened before, so whoever replays a sequence chooses the same tokens. Wherever logits or
/// probabilities are equal, the lower token id comes first. The bits are the same on every machine.
public struct Sampler: Hashable, Sendable {
  public let options: SamplingOptions

  /// Throws `SamplingError.optionOutOfRange`, `SamplingError.tooManyBiases`.
  public init(_ options: SamplingOptions = SamplingOptions()) throws(SamplingError) {
    try options.validate()
    self.options = options
  }

  /// The token for `position` of a sequence.
  ///
  /// Steps in the order of ``SamplingOptions``, then a draw by the inverse of the cumulative distribution in order of
  /// token id, with number `position` of the seed's stream. Unlike transformers, top-k keeps exactly k tokens where
  /// several are equal to the k-th.
  ///
  /// - Parameters:
  ///   - logits: `[V]`, as the model gave them for the row before `position`. Biases for tokens outside 0 ..< V trap.
  ///   - history: The sequence so far, prompt included: what must not be repeated. Tokens outside 0 ..< V trap.
  ///   - promptCount: How much of `history` is the prompt, which presence and frequency penalty leave out.
  ///   - position: Where the token will stand; the first of a sequence stands at 0.
  ///   - excluded: Tokens that may not come. Those outside 0 ..< V trap.
  /// - Throws: `SamplingError.notFinite`, `SamplingError.everythingBlocked`.
  public func sample(
    _ logits: Span<Float>, history: [Int], promptCount: Int, position: Int, excluding excluded: Set<Int> = [],
    kernels: Kernels
  ) throws(SamplingError) -> SampledToken {
    guard let probabilities = LogProbabilities(logits, kernels: kernels) else { throw .notFinite(position: position) }
    let token =
      if let adjusted = adjusted(logits, history: history, generated: history[promptCount...], excluded: excluded) {
        try choose(
          adjusted.span, maximum: kernels.maximum(adjusted.span), position: position, kernels: kernels)
      } else {
        try choose(logits, maximum: probabilities.maximum, position: position, kernels: kernels)
      }
    return SampledToken(
      token: token,
      logProbability: probabilities.logProbability(ofLogit: logits[token]),
      top: probabilities.top(options.topLogProbabilities, of: logits))
  }

  /// The logits before temperature; nil when the options leave them as they are.
  private func adjusted(
    _ logits: Span<Float>, history: [Int], generated: ArraySlice<Int>, excluded: Set<Int>
  ) -> [Float]? {
    let penalisesCounts = options.frequencyPenalty != 0 || options.presencePenalty != 0
    guard
      penalisesCounts || !options.logitBias.isEmpty || options.repetitionPenalty != 1 || options.noRepeatNGram > 0
        || !options.allowedTokens.isEmpty || !excluded.isEmpty
    else { return nil }
    var adjusted = logits.withUnsafeBufferPointer { Array($0) }
    LogitAdjustment.bias(&adjusted, by: options.logitBias)
    if options.repetitionPenalty != 1 {
      LogitAdjustment.penalise(&adjusted, repeating: history, by: options.repetitionPenalty)
    }
    if penalisesCounts {
      LogitAdjustment.penalise(
        &adjusted, generated: generated, frequency: options.frequencyPenalty, presence: options.presencePenalty)
    }
    LogitAdjustment.block(&adjusted, repeating: history, runsOf: options.noRepeatNGram)
    if !options.allowedTokens.isEmpty { LogitAdjustment.block(&adjusted, except: options.allowedTokens) }
    for token in excluded { adjusted[token] = -.infinity }
    return adjusted
  }

  private func choose(
    _ logits: Span<Float>, maximum: Float, position: Int, kernels: Kernels
  ) throws(SamplingError) -> Int {
    if maximum == -.infinity {
      throw .everythingBlocked(position: position, noRepeatNGram: options.noRepeatNGram)
    }
    guard maximum.isFinite else { throw .notFinite(position: position) }
    if options.isGreedy { return Self.firstIndex(of: maximum, in: logits, kernels: kernels) }
    guard
      var candidates = Candidates(
        logits, maximum: maximum, temperature: options.temperature, topK: options.topK, kernels: kernels)
    else { throw .notFinite(position: position) }
    if options.topP < 1 { candidates.keep(topP: options.topP) }
    if options.minP > 0 { candidates.keep(minP: options.minP) }
    return candidates.token(
      at: CounterBasedGenerator.uniform(seed: options.seed, position: UInt64(position)))
  }

  private static func firstIndex(of maximum: Float, in logits: Span<Float>, kernels: Kernels) -> Int {
    // The kernel looks at many logits at once: let it find the block.
    let blockLength = 512
    var start = 0
    while start + blockLength < logits.count,
      kernels.maximum(logits.extracting(start..<(start + blockLength))) != maximum
    {
      start += blockLength
    }
    return logits.withUnsafeBufferPointer { logits in
      while logits[start] != maximum { start += 1 }
      return start
    }
  }
}

internal import Coordinator
internal import GPT2
internal import Platform
internal import Synchronization

/// Completions by an engine.
struct CompletionService: Sendable {
  let engine: Engine
  let tokenizer: Tokenizer
  let metrics: ServerMetrics

  /// Who asks, and since when.
  struct Caller: Sendable {
    var client: ClientID
    let start = Instant.now
  }

  /// What is new of a choice, and the tokens of its prompt and of its text so far.
  struct Piece {
    var choice: CompletionResponse.Choice
    var usage: Usage
  }

  /// What all choices of a request became.
  struct Outcome {
    var choices: [CompletionResponse.Choice]
    var usage: Usage
  }

  /// Writes every text of a job, and gives the choices that were asked for.
  func complete(_ job: CompletionJob, for caller: Caller) async throws -> Outcome {
    let request = job.request
    let collected = Mutex<[CompletionResponse.Choice]>(
      job.generations.indices.map { CompletionResponse.Choice(index: $0, text: "") })
    let totals = try await run(job, for: caller) { piece in
      let piece = piece.choice
      collected.withLock { choices in
        choices[piece.index].text += piece.text
        choices[piece.index].finishReason = piece.finishReason
        choices[piece.index].stop = piece.stop
        if let prompt = piece.promptLogprobs { choices[piece.index].promptLogprobs = prompt }
        if let prompt = piece.promptTokens { choices[piece.index].promptTokens = prompt }
        if let tokens = piece.tokens { choices[piece.index].tokens = (choices[piece.index].tokens ?? []) + tokens }
        if let logprobs = piece.logprobs {
          if choices[piece.index].logprobs == nil { choices[piece.index].logprobs = TokenLogProbabilities() }
          choices[piece.index].logprobs! += logprobs
        }
      }
    }
    let all = collected.withLock { $0 }
    var choices: [CompletionResponse.Choice] = []
    for prompt in job.prompts.indices {
      let candidates = prompt * request.candidateCount..<(prompt + 1) * request.candidateCount
      // The likeliest by token; the first among equals.
      let ranked = candidates.sorted {
        (totals[$0].meanLogProbability, $1) > (totals[$1].meanLogProbability, $0)
      }
      let chosen = request.candidateCount == request.choiceCount ? Array(candidates) : ranked
      for index in chosen.prefix(request.choiceCount) {
        var choice = all[index]
        choice.index = choices.count
        choices.append(choice)
      }
    }
    return Outcome(choices: choices, usage: usage(job, totals))
  }

  /// Writes every text of a job and hands on what becomes certain, piece by piece.
  ///
  /// - Parameter send: waits until its reader has taken the piece.
  func stream(
    _ job: CompletionJob, for caller: Caller, send: @escaping @Sendable (Piece) async throws -> Void
  ) async throws -> Usage {
    usage(job, try await run(job, for: caller, send: send))
  }

  private struct Totals {
    var tokens = 0
    var logProbability = 0.0

    var meanLogProbability: Double { tokens == 0 ? -.infinity : logProbability / Double(tokens) }
  }

  private func usage(_ job: CompletionJob, _ totals: [Totals]) -> Usage {
    Usage(promptTokens: job.promptTokens, completionTokens: totals.reduce(0) { $0 + $1.tokens })
  }

  private func run(
    _ job: CompletionJob, for caller: Caller, send: @escaping @Sendable (Piece) async throws -> Void
  ) async throws -> [Totals] {
    metrics.read(tokens: job.promptTokens)
    return try await withThrowingTaskGroup(of: (Int, Totals).self) { group in
      for (index, generation) in job.generations.enumerated() {
        let prompt = job.prompts[index / job.request.candidateCount]
        let request = job.request
        group.addTask { [self] in
          (index, try await write(generation, index, prompt, request, caller, send))
        }
      }
      var totals = [Totals](repeating: Totals(), count: job.textCount)
      for try await (index, result) in group { totals[index] = result }
      return totals
    }
  }

  /// Writes one text.
  private func write(
    _ generation: Generation, _ index: Int, _ prompt: CompletionJob.Prompt, _ request: CompletionRequest,
    _ caller: Caller, _ send: @Sendable (Piece) async throws -> Void
  ) async throws -> Totals {
    var totals = Totals()
    var trail = TokenTrail(
      tokenizer, hidesSpecialTokens: request.hidesSpecialTokens, isByID: request.namesTokensByID)
    // What is said of the prompt comes with the first piece.
    var first = CompletionResponse.Choice(index: index, text: request.echoes ? prompt.text : "")
    if request.returnsTokens { (first.promptTokens, first.tokens) = (prompt.tokens, []) }
    try await read(prompt, request, caller, &trail, into: &first)
    var lead: CompletionResponse.Choice? = first
    func pass(_ choice: CompletionResponse.Choice) async throws {
      var choice = choice
      if let lead { (choice.promptTokens, choice.promptLogprobs) = (lead.promptTokens, lead.promptLogprobs) }
      lead = nil
      if request.returnsTokens, choice.tokens == nil { choice.tokens = [] }
      try await send(
        Piece(choice: choice, usage: Usage(promptTokens: prompt.tokens.count, completionTokens: totals.tokens)))
    }
    if request.echoes { try await pass(first) }
    var end: Generation.FinishReason? = generation.finishReason
    for try await update in updates(of: generation, for: caller) {
      totals.tokens += 1
      totals.logProbability += Double(update.token.logProbability)
      end = update.finishReason
      var choice = CompletionResponse.Choice(
        index: index, text: update.text, finishReason: update.finishReason?.apiName, stop: update.stop)
      if request.logProbabilities != nil { choice.logprobs = trail.appendWritten(update.token) }
      if request.returnsTokens { choice.tokens = [update.token.token] }
      try await pass(choice)
    }
    // A text that has no room for a token ends without any.
    if totals.tokens == 0 {
      try await pass(CompletionResponse.Choice(index: index, text: "", finishReason: (end ?? .length).apiName))
    }
    return totals
  }

  /// A text's tokens, written at their own pace: one that waited for a slow reader would keep its slot from others.
  private func updates(of generation: Generation, for caller: Caller) -> Results<Generation.Update> {
    let last = Mutex<Instant?>(nil)
    return engine.generate(generation, client: caller.client, pace: .own) { [metrics] in
      let now = Instant.now
      let before = last.withLock { last in
        defer { last = now }
        return last
      }
      metrics.wrote(after: now - (before ?? caller.start), isFirst: before == nil)
    }
  }

  /// A prompt's own log-probabilities, in the forms that are asked for.
  private func read(
    _ prompt: CompletionJob.Prompt, _ request: CompletionRequest, _ caller: Caller, _ trail: inout TokenTrail,
    into choice: inout CompletionResponse.Choice
  ) async throws {
    let (isEchoed, ranked) = (request.echoes && request.logProbabilities != nil, request.promptLogProbabilities)
    guard isEchoed || ranked != nil else { return }
    if isEchoed { choice.logprobs = trail.appendFirst(prompt.tokens[0]) }
    if ranked != nil { choice.promptLogprobs = [nil] }
    guard prompt.tokens.count > 1 else { return }
    let (limit, text) = (engine.configuration.positionCount, TokenText(tokenizer))
    let scoring = try Scoring(
      prompt.tokens, window: limit, stride: limit,
      topLogProbabilities: max(isEchoed ? request.options.topLogProbabilities : 0, ranked ?? 0), ranks: ranked != nil,
      configuration: engine.configuration)
    for try await scores in engine.score(scoring, client: caller.client) {
      for score in scores {
        if let ranked { choice.promptLogprobs?.append(text.ranked(score, top: ranked)) }
        guard isEchoed else { continue }
        var score = score
        score.top = Array(score.top.prefix(request.options.topLogProbabilities))
        choice.logprobs? += trail.append(score)
      }
    }
  }
}

extension Generation.FinishReason {
  /// As clients of the API know it.
  var apiName: String { self == .length ? "length" : "stop" }
}

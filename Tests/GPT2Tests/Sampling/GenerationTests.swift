import TestSupport
import Testing

@testable import GPT2

@Suite struct GenerationTests {
  /// Tokens 0 to 255 are the bytes, 256 is "he", 257 the end of text.
  static let tokenizer: Tokenizer = {
    var entries = (UInt8.min...UInt8.max).map { (spelling: ByteAlphabet.spelling(of: [$0]), token: Int($0)) }
    entries.append((spelling: "he", token: 256))
    entries.append((spelling: "<|endoftext|>", token: 257))
    return try! Tokenizer(
      TokenizerDescription(
        vocabularyFile: "vocab", entries: entries, mergesFile: "merges", merges: [(left: "h", right: "e")],
        added: [[AddedToken(content: AddedToken.endOfText, isSpecial: true)]]))
  }()
  static let endOfText = 257

  /// 260 tokens: two more than the tokenizer knows.
  static let configuration = Configuration(
    layerCount: 1, headCount: 1, width: 8, positionCount: 40, vocabularySize: 260, endOfTextTokens: [endOfText])

  private func generation(
    _ prompt: String = "ab", maximumTokens: Int? = nil, stops: [String] = [], endOfTextTokens: [Int]? = nil
  ) throws -> Generation {
    try Generation(
      GenerationRequest(
        prompt: prompt.utf8.map { Int($0) }, maximumTokens: maximumTokens, stops: stops,
        endOfTextTokens: endOfTextTokens),
      configuration: Self.configuration, tokenizer: Self.tokenizer)
  }

  private func accept(_ tokens: [Int], _ generation: inout Generation) -> [String] {
    tokens.map { generation.accept(SampledToken(token: $0, logProbability: -1)).text }
  }

  // MARK: Text and the end of it

  @Test func `characters come when they are whole`() throws {
    var generation = try generation()
    let texts = accept([256, 0x78, 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80], &generation)
    #expect(texts == ["he", "x", "", "é", "", "", "", "\u{1F600}"])
    #expect(generation.text == "hexé\u{1F600}")
    #expect(generation.tokens == [256, 0x78, 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80])
    #expect(generation.prompt == [0x61, 0x62])
    #expect(generation.position == 10)
    #expect(generation.finishReason == nil)
  }

  @Test func `an end-of-text token is the last of the tokens and not in the text`() throws {
    var generation = try generation(maximumTokens: 2)
    _ = accept([0x78], &generation)
    let end = SampledToken(token: Self.endOfText, logProbability: -0.25)
    #expect(generation.accept(end) == .init(token: end, text: "", finishReason: .endOfText))
    #expect(generation.finishReason == .endOfText)
    #expect(generation.tokens == [0x78, Self.endOfText])
    #expect(generation.samples.last == end)
    #expect(generation.text == "x")
    #expect(generation.pendingInput.isEmpty)
  }

  @Test func `without end-of-text tokens a text goes on past them`() throws {
    var generation = try generation(endOfTextTokens: [])
    #expect(accept([Self.endOfText, 0x78], &generation) == ["", "x"])
    #expect(generation.finishReason == nil)
  }

  @Test func `a stop string over several tokens ends the text before it`() throws {
    var generation = try generation(stops: ["zz", "the x"])
    let texts = accept([0x61, 0x74, 256, 0x20], &generation)
    #expect(texts == ["a", "", "", ""])
    #expect(generation.finishReason == nil)
    #expect(accept([0x78], &generation) == [""])
    #expect(generation.finishReason == .stop)
    #expect(generation.text == "a")
    #expect(generation.tokens == [0x61, 0x74, 256, 0x20, 0x78])
  }

  @Test func `a stop string in the prompt, or half in it, ends nothing`() throws {
    var generation = try generation("abc", stops: ["abc", "cd"])
    #expect(accept([0x64], &generation) == ["d"])
    #expect(generation.finishReason == nil)
  }

  @Test func `the last of the tokens asked for brings all that was held back`() throws {
    var generation = try generation(maximumTokens: 3, stops: ["hex!"])
    #expect(accept([256, 0x78, 0xC3], &generation) == ["", "", "hex\u{FFFD}"])
    #expect(generation.finishReason == .length)
    #expect(generation.text == "hex\u{FFFD}")
  }

  @Test func `a stop string counts more than the last of the tokens asked for`() throws {
    var generation = try generation(maximumTokens: 2, stops: ["x"])
    _ = accept([0x61, 0x78], &generation)
    #expect(generation.finishReason == .stop)
  }

  @Test func `an end-of-text token brings what was held back`() throws {
    var generation = try generation(stops: ["hex!"])
    #expect(accept([256, 0x78, Self.endOfText], &generation) == ["", "", "hex"])
    #expect(generation.finishReason == .endOfText)
  }

  @Test func `half a character at the end can complete a stop string`() throws {
    var generation = try generation(maximumTokens: 2, stops: ["\u{FFFD}"])
    #expect(accept([0x61, 0xC3], &generation) == ["a", ""])
    #expect(generation.finishReason == .stop)
  }

  @Test func `a token the tokenizer does not know shows as a replacement character`() throws {
    var generation = try generation()
    #expect(accept([0x61, 0xC3, 259, 0xA9, 0x62], &generation) == ["a", "", "\u{FFFD}\u{FFFD}", "\u{FFFD}", "b"])
    #expect(generation.finishReason == nil)
  }

  @Test func `without a tokenizer there are tokens and no text`() throws {
    var generation = try Generation(
      GenerationRequest(prompt: [1, 2, 3], maximumTokens: 2), configuration: Self.configuration, tokenizer: nil)
    #expect(accept([104, 105], &generation) == ["", ""])
    #expect(generation.tokens == [104, 105])
    #expect(generation.text.isEmpty)
    #expect(generation.finishReason == .length)
  }

  // MARK: Limits

  @Test("Prompt and generated tokens together fit the context", arguments: [nil, 100, Int.max])
  func contextIsTheLimit(maximumTokens: Int?) throws {
    var generation = try generation(String(repeating: "p", count: 30), maximumTokens: maximumTokens)
    _ = accept(Array(repeating: 0x61, count: 9), &generation)
    #expect(generation.finishReason == nil)
    _ = accept([0x61], &generation)
    #expect(generation.finishReason == .length)
    #expect(generation.sequence.count == 40)
  }

  @Test func `what has no room or is asked for no tokens has finished`() throws {
    var full = try generation(String(repeating: "p", count: 40))
    #expect(full.finishReason == .length)
    #expect(full.tokens.isEmpty)
    #expect(full.takeInput(atMost: 8) == nil)
    #expect(try generation(maximumTokens: 0).finishReason == .length)
  }

  @Test func `requests that cannot be met are refused by name`() throws {
    func error(_ request: GenerationRequest, tokenizer: Tokenizer? = Self.tokenizer) throws -> SamplingError {
      try #require(throws: SamplingError.self) {
        try Generation(request, configuration: Self.configuration, tokenizer: tokenizer)
      }
    }
    #expect(try error(GenerationRequest(prompt: [])) == .emptyPrompt)
    #expect(
      try error(GenerationRequest(prompt: Array(repeating: 1, count: 41))) == .promptTooLong(tokens: 41, limit: 40))
    for token in [-1, 260, Int.max, Int.min] {
      #expect(
        try error(GenerationRequest(prompt: [1, 2, token])) == .unknownToken(token, index: 2, vocabularySize: 260))
    }
    #expect(try error(GenerationRequest(prompt: [1], maximumTokens: -1)) == .negativeMaximumTokens(-1))
    #expect(try error(GenerationRequest(prompt: [1], stops: ["a", ""])) == .emptyStop(index: 1))
    #expect(try error(GenerationRequest(prompt: [1], stops: ["a"]), tokenizer: nil) == .stopsWithoutTokenizer)
    var options = SamplingOptions()
    options.topP = 2
    #expect(try error(GenerationRequest(prompt: [1], options: options)) == .optionOutOfRange(.topP, found: 2))
    options = SamplingOptions()
    options.logitBias = [0: 1, 259: -1]
    _ = try Generation(
      GenerationRequest(prompt: [1], options: options), configuration: Self.configuration, tokenizer: nil)
    for token in [-1, 260, Int.max, Int.min] {
      options.logitBias[token] = 1
      let found = try error(GenerationRequest(prompt: [1], options: options))
      #expect(found == .unknownBiasToken(token, vocabularySize: 260))
      #expect("\(found)" == "logit-bias is given for token \(token); the model knows 0 to 259")
      options.logitBias[token] = nil
    }
  }

  @Test func `the prompt's tokens do not count as generated`() throws {
    var options = SamplingOptions()
    options.temperature = 0
    options.presencePenalty = 1
    options.frequencyPenalty = 0.5
    var generation = try Generation(
      GenerationRequest(prompt: [1, 1, 1, 1, 1, 1], options: options, maximumTokens: 9),
      configuration: Self.configuration, tokenizer: nil)
    // 1 leads 2 by 1.75, and its first time takes 1.5, its second 0.5 more; then 2's first takes 1.5 too.
    var chosen: [Int] = []
    for _ in 0..<4 {
      var logits = [Float](repeating: 0, count: 260)
      (logits[1], logits[2]) = (9.75, 8)
      chosen.append(try generation.sample(logits).token)
      _ = generation.accept(SampledToken(token: chosen.last!, logProbability: -1))
    }
    #expect(chosen == [1, 1, 2, 1])
  }

  // MARK: Input

  @Test("Every known token is taken as input once, in order", arguments: [1, 2, 7, 30, 100])
  func input(chunk: Int) throws {
    var generation = try generation(String(repeating: "pq", count: 15))
    var taken: [Int] = []
    for round in 0..<4 {
      var isLast = false
      while let input = generation.takeInput(atMost: chunk) {
        #expect(!isLast)
        #expect(input.start == taken.count)
        #expect(input.tokens.count == min(chunk, generation.sequence.count - taken.count))
        taken += input.tokens
        isLast = input.isLast
      }
      #expect(isLast)
      #expect(taken == generation.sequence)
      _ = accept([0x61 + round], &generation)
      #expect(generation.pendingInput == [0x61 + round])
    }
  }

  @Test("What was lost and computed anew comes out the same", .timeLimit(.minutes(1)), arguments: 0..<20)
  func replay(seed: UInt64) throws {
    var options = SamplingOptions()
    options.seed = seed
    options.topK = 12
    options.repetitionPenalty = 1.2
    options.frequencyPenalty = 0.4
    options.presencePenalty = 0.3
    options.logitBias = [104: -2, 9: 4]
    options.noRepeatNGram = 3
    options.topLogProbabilities = 2
    let request = GenerationRequest(prompt: [104, 101, 256], options: options, maximumTokens: 20, stops: ["q~"])
    let begun = try Generation(request, configuration: Self.configuration, tokenizer: Self.tokenizer)

    var undisturbed = begun
    try run(&undisturbed) { _ in (1000, nil) }
    var source = SeededNumbers(seed)
    var disturbed = begun
    try run(&disturbed) { generation in
      let loss = Int.random(in: 0..<3, using: &source) == 0
      return (
        Int.random(in: 1...5, using: &source), loss ? Int.random(in: 0...generation.takenCount, using: &source) : nil
      )
    }
    #expect(disturbed.sequence == undisturbed.sequence)
    #expect(disturbed.samples == undisturbed.samples)
    #expect(disturbed.text == undisturbed.text)
    #expect(disturbed.finishReason == undisturbed.finishReason)
    #expect(undisturbed.samples.count > 5)
  }

  /// Runs a generation to its end with a model whose cache is lost now and then.
  ///
  /// - Parameter turn: How many tokens to take next, and from which position on everything is lost before that.
  private func run(
    _ generation: inout Generation, turn: (Generation) -> (rows: Int, lostFrom: Int?)
  ) throws {
    var cache: [Int] = []
    while generation.finishReason == nil {
      let (rows, lostFrom) = turn(generation)
      if let lostFrom {
        cache.removeLast(cache.count - lostFrom)
        generation.rewind(to: lostFrom)
      }
      guard let input = generation.takeInput(atMost: rows) else {
        generation.rewind()
        cache = []
        continue
      }
      #expect(input.start == cache.count)
      cache += input.tokens
      if input.isLast { _ = generation.accept(try generation.sample(logits(after: cache))) }
    }
  }

  /// Logits that depend on all the tokens so far.
  private func logits(after tokens: [Int]) -> [Float] {
    var hash: UInt64 = 0
    for token in tokens { hash = hash &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(token) &+ 1 }
    var source = SeededNumbers(hash)
    return source.logits(Self.configuration.vocabularySize)
  }
}

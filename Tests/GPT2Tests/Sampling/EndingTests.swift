import Testing

@testable import GPT2

@Suite("The ways a text ends")
struct EndingTests {
  private static let end = GenerationTests.endOfText

  private func generation(_ change: (inout GenerationRequest) -> Void) throws -> Generation {
    var request = GenerationRequest(prompt: [0x61])
    change(&request)
    return try Generation(
      request, configuration: GenerationTests.configuration, tokenizer: GenerationTests.tokenizer)
  }

  private func accept(_ tokens: [Int], _ generation: inout Generation) -> Generation.Update? {
    var last: Generation.Update?
    for token in tokens where generation.finishReason == nil {
      last = generation.accept(SampledToken(token: token, logProbability: -1))
    }
    return last
  }

  /// The token that comes when `logits` are greatest in this order.
  private func choice(_ order: [Int], _ generation: Generation) throws -> Int {
    var logits = [Float](repeating: 0, count: GenerationTests.configuration.vocabularySize)
    for (rank, token) in order.enumerated() { logits[token] = Float(10 - rank) }
    return try generation.sample(logits.span, kernels: try Kernels.selected()).token
  }

  @Test("A stop token ends it, and is among the tokens and not in the text")
  func stopToken() throws {
    var generation = try generation { $0.stopTokens = [0x79, -1, 99_999] }
    let update = accept([0x78, 0x79, 0x7A], &generation)
    #expect(update?.finishReason == .stop && update?.stop == .token(0x79))
    #expect(generation.text == "x" && generation.tokens == [0x78, 0x79])
  }

  @Test("What ended it can be kept: a stop token, a stop string, the end-of-text token if special tokens are shown")
  func kept() throws {
    var byToken = try generation { ($0.stopTokens, $0.keepsStops) = ([0x79], true) }
    _ = accept([0x78, 0x79], &byToken)
    #expect(byToken.text == "xy" && byToken.stop == .token(0x79))
    var byText = try generation { ($0.stops, $0.keepsStops) = (["yz", "q"], true) }
    #expect(accept([0x78, 0x79, 0x7A, 0x21], &byText)?.stop == .text("yz"))
    #expect(byText.text == "xyz")
    var hidden = try generation { $0.keepsStops = true }
    #expect(accept([0x78, Self.end], &hidden)?.finishReason == .endOfText && hidden.text == "x" && hidden.stop == nil)
    var shown = try generation { ($0.keepsStops, $0.hidesSpecialTokens) = (true, false) }
    _ = accept([0x78, Self.end], &shown)
    #expect(shown.text == "x<|endoftext|>")
  }

  @Test("Special tokens are no part of the text unless they are to be, and split no character")
  func special() throws {
    var hidden = try generation { $0.endOfTextTokens = [] }
    _ = accept([0xC3, Self.end, 0xA9, 0x78], &hidden)
    #expect(hidden.text == "éx" && hidden.finishReason == nil && hidden.tokens.count == 4)
    var shown = try generation { ($0.endOfTextTokens, $0.hidesSpecialTokens) = ([], false) }
    _ = accept([0x78, Self.end, 0x79], &shown)
    #expect(shown.text == "x<|endoftext|>y")
  }

  @Test("Before the fewest tokens are there, nothing that would end it is chosen", arguments: [nil, []] as [[Int]?])
  func minimum(endOfText: [Int]?) throws {
    var generation = try generation {
      ($0.minimumTokens, $0.stopTokens, $0.endOfTextTokens) = (2, [0x79], endOfText)
      $0.options = .greedy
    }
    for _ in 0..<2 {
      #expect(try choice([Self.end, 0x79, 0x7A], generation) == 0x7A)
      _ = accept([0x7A], &generation)
    }
    #expect(try choice([Self.end, 0x79, 0x7A], generation) == Self.end)
  }

  @Test("A stop string counts that ends behind the fewest tokens, wherever it begins")
  func minimumText() throws {
    var generation = try generation { ($0.minimumTokens, $0.stops) = (2, ["b", "bbbc"]) }
    #expect(accept([0x62, 0x62], &generation)?.finishReason == nil)
    #expect(accept([0x62], &generation)?.stop == .text("b"))
    #expect(generation.text == "bb")
    var longer = try self.generation { ($0.minimumTokens, $0.stops) = (2, ["abc"]) }
    _ = accept([0x61, 0x62, 0x63], &longer)
    #expect(longer.finishReason == .stop && longer.text == "")
  }

  @Test("The fewest tokens are not negative, and no more than the most")
  func range() {
    for (minimum, maximum) in [(-1, 3), (4, 3)] {
      #expect(throws: SamplingError.minimumTokens(minimum, maximum: maximum)) {
        try generation { ($0.minimumTokens, $0.maximumTokens) = (minimum, maximum) }
      }
    }
  }

  @Test("Of allowed tokens only, one comes, whatever the others' logits")
  func allowed() throws {
    let generation = try generation { $0.options.allowedTokens = [0x70, 0x71] }
    var seen: Set<Int> = []
    for _ in 0..<50 { seen.insert(try choice([0x30, 0x31, 0x70], generation)) }
    #expect(seen.isSubset(of: [0x70, 0x71]) && seen.contains(0x70))
    #expect(throws: SamplingError.unknownAllowedToken(260, vocabularySize: 260)) {
      try self.generation { $0.options.allowedTokens = [1, 260] }
    }
    let blocked = try self.generation {
      $0.options.allowedTokens = [Self.end]
      $0.minimumTokens = 1
    }
    #expect(throws: SamplingError.everythingBlocked(position: 1, noRepeatNGram: 0)) { try choice([0x30], blocked) }
  }

  @Test("A token's rank counts those that are at least as likely")
  func rank() {
    let logits: [Float] = [1, 3, 2, 3]
    #expect(logits.map { LogProbabilities.rank(ofLogit: $0, in: logits.span) } == [4, 2, 3, 2])
  }
}

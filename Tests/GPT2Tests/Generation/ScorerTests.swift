import Testing

@testable import GPT2

@Suite("Scorer", .timeLimit(.minutes(5)))
struct ScorerTests {
  private static func scorer(_ checkpoint: Checkpoint) throws -> Scorer {
    try Scorer(Model(checkpoint, slotCount: 1, kernels: .selected(), pool: ThreadPool(threadCount: 2)))
  }

  @Test("gives PyTorch's log-likelihoods", arguments: GoldenFixture.names)
  func golden(name: String) throws {
    let fixture = try GoldenFixture(name)
    let scorer = try Self.scorer(fixture.checkpoint)
    let window = fixture.checkpoint.configuration.positionCount
    for sequence in fixture.sequences {
      let scores = try scorer.logLikelihoods(of: sequence.tokens, window: window, stride: window)
      #expect(scores.count == sequence.tokens.count - 1)
      for (score, golden) in zip(scores, sequence.logLikelihoods) { #expect(abs(Double(score) - golden) < 2e-5) }
    }
  }

  /// What the documentation says, window by window: positions from 0, the tokens before in the window as context.
  @Test(
    "scores each token once, with its window before it",
    arguments: [(160, 160), (160, 80), (20, 7), (20, 1), (2, 1), (2, 2), (33, 32)])
  func windows(window: Int, stride: Int) throws {
    let checkpoint = try RandomModels.even.get()
    let tokens = RandomModels.tokens([211], of: checkpoint.configuration, seed: 7)[0]
    let scorer = try Self.scorer(checkpoint)
    var reported = 0
    let scores = try scorer.logLikelihoods(of: tokens, window: window, stride: stride) { reported = $0 }
    #expect(scores.count == 210 && reported == 210)

    var expected: [Float] = []
    var begin = 0
    while expected.count < 210 {
      let end = min(begin + window, tokens.count)
      let whole = try scorer.logLikelihoods(of: Array(tokens[begin..<end]), window: 160, stride: 160)
      expected += whole[(expected.count - begin)...]
      begin = min(begin + stride, end - 1)
    }
    #expect(scores.map(\.bitPattern) == expected.map(\.bitPattern))
  }

  @Test("refuses tokens the model does not have, wherever they stand", arguments: [0, 3, 9])
  func unknownToken(place: Int) throws {
    let checkpoint = try RandomModels.odd.get()
    var tokens = Array(repeating: 5, count: 10)
    tokens[place] = 53
    #expect(throws: ModelError.tokenOutOfRange(token: 53, vocabularySize: 53)) {
      _ = try Self.scorer(checkpoint).logLikelihoods(of: tokens, window: 75, stride: 75)
    }
  }
}

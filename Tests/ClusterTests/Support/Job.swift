import Coordinator
import GPT2
import TestSupport

/// Something to ask of a cluster.
enum Job: Sendable {
  case generate(GenerationRequest)
  case score([Int], window: Int, stride: Int, top: Int = 0)
  case embed([Int], withLogits: Bool)
}

extension Job {
  /// A mixture that is the same in every run: all kinds, lengths and ways to sample.
  static func random(_ count: Int, _ configuration: Configuration, seed: Int) -> [Job] {
    var numbers = SeededNumbers(seed)
    return (0..<count).map { _ in random(configuration, &numbers) }
  }

  private static func random(_ configuration: Configuration, _ numbers: inout SeededNumbers) -> Job {
    let limit = configuration.positionCount
    func tokens(_ range: ClosedRange<Int>) -> [Int] { numbers.tokens(numbers.number(range), configuration) }
    switch numbers.number(0...3) {
    case 0:
      let tokens = tokens(2...90)
      let window = numbers.number(2...min(64, limit))
      return .score(
        tokens, window: window, stride: numbers.number(max(1, window / 4)...window), top: numbers.number(0...3))
    case 1:
      return .embed(tokens(1...min(80, limit)), withLogits: numbers.number(0...2) == 0)
    default:
      var options = SamplingOptions()
      options.temperature = numbers.number(0...2) == 0 ? 0 : 0.9
      options.topK = [0, 5, 40][numbers.number(0...2)]
      options.topP = [1, 0.9][numbers.number(0...1)]
      options.repetitionPenalty = [1, 1.2][numbers.number(0...1)]
      options.seed = numbers.next()
      options.topLogProbabilities = numbers.number(0...3)
      return .generate(
        GenerationRequest(
          prompt: tokens(1...min(50, limit - 12)), options: options, maximumTokens: numbers.number(1...12)))
    }
  }
}

extension Job {
  /// Runs it; `progress` is called after every piece of the result.
  func run(on engine: Engine, progress: () async -> Void = {}) async throws -> Outcome {
    switch self {
    case .generate(let request):
      var generation = try Generation(request, configuration: engine.configuration, tokenizer: nil)
      for try await update in engine.generate(generation) {
        let own = generation.accept(update.token)
        precondition(own == update)
        await progress()
      }
      return Outcome(generation)
    case .score(let tokens, let window, let stride, let top):
      let scoring = try Scoring(
        tokens, window: window, stride: stride, topLogProbabilities: top, configuration: engine.configuration)
      var scores: [SampledToken] = []
      for try await some in engine.score(scoring) {
        scores += some
        await progress()
      }
      return Outcome(scores)
    case .embed(let tokens, let withLogits):
      let reading = try Reading(tokens, configuration: engine.configuration)
      var (states, logits): ([Float], [Float]) = ([], [])
      for try await some in engine.embed(reading, withLogits: withLogits) {
        precondition(some.start * some.width == states.count, "hidden states out of order")
        states += some.values
        logits += some.logits
        await progress()
      }
      var outcome = Outcome(states)
      outcome.logits = logits.map(\.bitPattern)
      return outcome
    }
  }
}

extension Engine {
  /// Runs all jobs at once, each read by a task of its own.
  func run(_ jobs: [Job]) async throws -> [Outcome] {
    try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
      for (index, job) in jobs.enumerated() {
        group.addTask { (index, try await job.run(on: self)) }
      }
      var outcomes = Array(repeating: Outcome(), count: jobs.count)
      for try await (index, outcome) in group { outcomes[index] = outcome }
      return outcomes
    }
  }
}

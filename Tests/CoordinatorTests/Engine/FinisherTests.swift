import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("The coordinator's own part of the model") struct FinisherTests {
  private static let shape = Configuration(
    layerCount: 1, headCount: 2, width: 16, positionCount: 64, vocabularySize: 131)

  private struct Bench {
    let finisher: Finisher
    let kernels: Kernels
    let activations: Activations
    /// What leaves ln_f, and its logits, row by row, as the head alone has them.
    var hidden: [[Float]] = []
    var logits: [[Float]] = []

    init(rows: Int) throws {
      kernels = try Kernels.selected()
      let pool = ThreadPool(threadCount: 1)
      let checkpoint = try Checkpoint(randomWeightsOf: shape, name: "random")
      finisher = try Finisher(checkpoint, kernels: kernels, pool: pool)
      activations = try Activations(width: shape.width)
      try activations.resize(rowCount: rows)
      var numbers = SeededNumbers(3)
      for row in 0..<rows {
        let values = numbers.floats(shape.width, scale: 2)
        for column in values.indices { activations[row][column] = values[column] }
      }
      let embedding = try Embedding(checkpoint, kernels: kernels, pool: pool)
      let head = try Head(checkpoint, tiedTo: embedding, kernels: kernels, pool: pool)
      let (normalized, scores) = (try Activations(width: shape.width), try Activations(width: shape.vocabularySize))
      try head.normalize(activations, into: normalized)
      for row in 0..<rows {
        try head.logits(of: normalized, rows: row..<(row + 1), into: scores)
        hidden.append(Array(normalized[row]))
        logits.append(Array(scores[0]))
      }
    }

    func finish(
      _ arrivals: [Arrival], looksForInfinite: Bool = false, generations: [RequestID: Generation] = [:]
    ) throws -> [RowOutcome] {
      try finisher.finish(
        activations,
        FinishJob(
          sequence: 0, rowCount: activations.rowCount, arrivals: arrivals, looksForInfinite: looksForInfinite)
      ) { generations[$0] }
    }
  }

  private static func arrival(_ id: UInt64, _ rows: Range<Int>, start: Int = 0, _ output: Output) -> Arrival {
    Arrival(request: RequestID(id), rows: rows, start: start, output: output, isLast: true)
  }

  @Test("chooses every generation's token from its own row, whatever shares the micro-batch")
  func tokens() throws {
    let bench = try Bench(rows: 5)
    var generations: [RequestID: Generation] = [:]
    var options = SamplingOptions()
    options.temperature = 0.9
    for id in 0..<5 as Range<UInt64> {
      options.seed = id
      generations[RequestID(id)] = try Generation(
        GenerationRequest(prompt: [1, 2], options: options, maximumTokens: 3), configuration: Self.shape, tokenizer: nil
      )
    }
    let rows = [4, 0, 3, 1, 2]
    let outcomes = try bench.finish(
      rows.enumerated().map { Self.arrival(UInt64($0), $1..<($1 + 1), .nextToken) }, generations: generations)
    #expect(outcomes.map(\.request) == (0..<5).map { RequestID($0) })
    for (outcome, row) in zip(outcomes, rows) {
      let expected = try bench.logits[row].withUnsafeBufferPointer {
        try generations[outcome.request]!.sample($0.span, kernels: bench.kernels)
      }
      guard case .token(let token) = outcome.value else {
        Issue.record("\(outcome)")
        return
      }
      #expect(token == expected)
    }
  }

  @Test("gives hidden states, and their logits in pieces of 64 rows where they are asked for")
  func hidden() throws {
    let bench = try Bench(rows: 70)
    for withLogits in [false, true] {
      let outcomes = try bench.finish([Self.arrival(7, 2..<70, start: 11, .hidden(withLogits: withLogits))])
      let states = outcomes.compactMap { if case .hidden(let states) = $0.value { states } else { nil } }
      #expect(states.map(\.start) == (withLogits ? [11, 75] : [11]))
      #expect(states.flatMap(\.values) == bench.hidden[2...].flatMap { $0 })
      #expect(states.flatMap(\.logits) == (withLogits ? bench.logits[2...].flatMap { $0 } : []))
    }
  }

  @Test("scores each row's target, with what was likely in its place")
  func scores() throws {
    let bench = try Bench(rows: 4)
    let targets = [5, 6, 7, 8]
    let outcomes = try bench.finish([
      Self.arrival(1, 1..<4, start: 3, .scores(targets: targets[1...], top: 2, ranks: true))
    ])
    guard outcomes.count == 1, case .scores(let scores) = outcomes[0].value else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(scores.map(\.token) == [6, 7, 8])
    for (score, row) in zip(scores, 1...) {
      let best = bench.logits[row].indices.max { bench.logits[row][$0] < bench.logits[row][$1] }
      #expect(score.top.count == 2 && score.top[0].token == best)
      #expect(score.rank == bench.logits[row].count { $0 >= bench.logits[row][score.token] })
    }
  }

  @Test("says of which position values are no numbers, and goes on with the others")
  func notFinite() throws {
    let bench = try Bench(rows: 3)
    for column in 0..<Self.shape.width { bench.activations[1][column] = .nan }
    let generation = try Generation(
      GenerationRequest(prompt: [1, 2], maximumTokens: 3), configuration: Self.shape, tokenizer: nil)
    let outcomes = try bench.finish(
      [
        Self.arrival(1, 1..<2, start: 1, .nextToken), Self.arrival(2, 1..<3, start: 5, .hidden(withLogits: false)),
        Self.arrival(3, 1..<2, start: 9, .scores(targets: [4], top: 0, ranks: false)),
        Self.arrival(4, 2..<3, .hidden(withLogits: false)), Self.arrival(5, 0..<1, .probe),
      ], looksForInfinite: true, generations: [RequestID(1): generation])
    #expect(outcomes.map(\.request) == [1, 2, 3, 4].map { RequestID($0) })
    let positions = outcomes.map { outcome -> Int? in
      if case .failed(.notFinite(let position)) = outcome.value { position } else { nil }
    }
    // The token of a generation is for the position behind its tokens.
    #expect(positions == [2, 5, 9, nil])
  }
}

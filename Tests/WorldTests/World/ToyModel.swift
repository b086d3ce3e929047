import GPT2
import MicroBatching
import TestSupport

@testable import Coordinator

/// A model of integers in place of floats: every value hangs on all tokens up to its position and on every block, so that a
/// wrong, missing, foreign or stale one shows.
enum ToyModel {
  static let configuration = Configuration(
    layerCount: 6, headCount: 1, width: 4, positionCount: 192, innerWidth: 8, vocabularySize: 97,
    endOfTextTokens: [13])

  /// Bytes of all that a stage hands on of one sequence.
  static let slotBytes = configuration.positionCount * configuration.width * MemoryLayout<Float>.size

  static func embed(_ token: Int, at position: Int) -> UInt64 { mixed(UInt64(token) &* 131 &+ UInt64(position) &+ 1) }

  // MARK: - The head

  static func choose(_ value: UInt64) -> SampledToken {
    let token = Int(value % UInt64(configuration.vocabularySize))
    return SampledToken(token: token, logProbability: logProbability(of: token, value))
  }

  /// How likely a token is after a row.
  static func score(_ target: Int, _ value: UInt64, top: Int, ranks: Bool) -> SampledToken {
    let others = (0..<top).map { place in
      let token = Int(mixed(value &+ UInt64(place)) % UInt64(configuration.vocabularySize))
      return TokenLogProbability(token: token, logProbability: logProbability(of: token, value))
    }
    return SampledToken(
      token: target, logProbability: logProbability(of: target, value), top: others,
      rank: ranks ? Int(mixed(value ^ UInt64(target)) % 97) + 1 : nil)
  }

  /// 48 bits of a row as two numbers.
  static func state(_ value: UInt64) -> [Float] { [Float(value & 0xFF_FFFF), Float(value >> 24 & 0xFF_FFFF)] }

  private static func logProbability(of token: Int, _ value: UInt64) -> Float {
    -Float(mixed(value &+ UInt64(token)) >> 40) * 0x1p-20
  }

  // MARK: - What comes of a request when nothing is cut, batched or distributed

  static func results(of work: Work) -> [ToyResult] {
    switch work {
    case .generate(let generation): return write(generation)
    case .embed(let reading):
      return values(of: reading.tokens).enumerated().map { .hidden(index: $0, state($1)) }
    case .score(let scoring):
      // Each window anew; of each only what no window before has scored.
      var results: [ToyResult] = []
      var (begin, scored) = (0, 0)
      while scored < scoring.tokens.count - 1 {
        let end = min(begin + scoring.window, scoring.tokens.count)
        let rows = values(of: Array(scoring.tokens[begin..<(end - 1)]))
        for place in scored..<(end - 1) {
          results.append(
            .scored(
              score(
                scoring.tokens[place + 1], rows[place - begin], top: scoring.topLogProbabilities, ranks: scoring.ranks))
          )
        }
        scored = end - 1
        begin = min(begin + scoring.stride, end - 1)
      }
      return results
    }
  }

  private static func write(_ generation: Generation) -> [ToyResult] {
    var generation = generation
    var slice = ToySlice(layers: 0..<configuration.layerCount, slotCount: 1)
    var results: [ToyResult] = []
    while generation.finishReason == nil {
      let input = generation.takeInput(atMost: .max)!
      let token = choose(rows(input.tokens, from: input.start, &slice).last!)
      _ = generation.accept(token)
      results.append(.token(token))
    }
    return results
  }

  /// What leaves the last block, for each token.
  private static func values(of tokens: [Int]) -> [UInt64] {
    var slice = ToySlice(layers: 0..<configuration.layerCount, slotCount: 1)
    return rows(tokens[...], from: 0, &slice)
  }

  private static func rows(_ tokens: ArraySlice<Int>, from start: Int, _ slice: inout ToySlice) -> [UInt64] {
    let values = tokens.enumerated().map { embed($1, at: start + $0) }
    let microBatch = MicroBatch([Segment(slot: 0, start: start, count: tokens.count)])
    guard let rows = try? slice.run(microBatch, values) else { preconditionFailure("a single process misses no rows") }
    return rows
  }
}

/// One of the things that a request brings, in order.
enum ToyResult: Hashable, Sendable {
  case token(SampledToken)
  case scored(SampledToken)
  /// - Parameter index: of the token whose row it is.
  case hidden(index: Int, [Float])
}

extension ToyResult {
  static func of(_ result: RequestResult) -> [ToyResult] {
    switch result {
    case .token(let update): [.token(update.token)]
    case .scores(let scores): scores.map { .scored($0) }
    case .hidden(let states):
      (0..<states.rowCount).map {
        .hidden(index: states.start + $0, Array(states.values[($0 * states.width)..<(($0 + 1) * states.width)]))
      }
    }
  }
}

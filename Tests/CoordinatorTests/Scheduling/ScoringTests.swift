import GPT2
import TestSupport
import Testing

@testable import Coordinator

@Suite struct ScoringTests {
  private static let configuration = FakeModel.configuration(positionCount: 64)

  @Test(
    "Windows restart at position 0, and each token is scored once",
    arguments: [(2, 2), (2, 1), (64, 64), (64, 32), (20, 7), (20, 1), (33, 32)], [1, 7, 64])
  func windows(shape: (window: Int, stride: Int), rows: Int) throws {
    var numbers = SeededNumbers(shape.window)
    for count in [2, 3, 19, 20, 21, 64, 65, 150] {
      let tokens = numbers.tokens(count)
      var scoring = try Scoring(
        tokens, window: shape.window, stride: shape.stride, topLogProbabilities: rows,
        configuration: Self.configuration)
      let total = scoring.remainingRows
      var (sent, scored, previous) = (0, 0, 0)
      while let chunk = scoring.takeChunk(atMost: rows) {
        try #require((1...rows).contains(chunk.tokens.count))
        #expect(chunk.position == previous || chunk.position == 0)
        #expect(chunk.position + chunk.tokens.count <= scoring.positions)
        previous = chunk.position + chunk.tokens.count
        sent += chunk.tokens.count
        #expect(scoring.remainingRows == total - sent)
        guard case .scores(let targets, top: rows, ranks: false) = chunk.output else { continue }
        #expect(chunk.start == scored && chunk.rows.upperBound == chunk.tokens.count)
        #expect(Array(targets) == Array(tokens[(scored + 1)...].prefix(targets.count)))
        scored += targets.count
      }
      #expect(scored == count - 1 && sent == total)
    }
  }

  @Test(arguments: [0, 1]) func `fewer than two tokens have nothing to score`(count: Int) throws {
    let tokens = Array(repeating: 5, count: count)
    let scoring = try Scoring(tokens, window: 2, stride: 1, configuration: Self.configuration)
    #expect(Work.score(scoring).isFinished)
  }

  @Test(arguments: [-1, FakeModel.vocabularySize]) func `unknown tokens are refused`(token: Int) throws {
    let error = ModelError.tokenOutOfRange(token: token, vocabularySize: FakeModel.vocabularySize)
    #expect(throws: error) {
      try Scoring([1, 2, token], window: 2, stride: 1, configuration: Self.configuration)
    }
    #expect(throws: error) { try Reading([1, token], configuration: Self.configuration) }
  }

  @Test func `a reading beyond the context is refused`() throws {
    #expect(throws: ModelError.beyondContext(position: 64, limit: 64)) {
      try Reading(Array(repeating: 1, count: 65), configuration: Self.configuration)
    }
    #expect(try Work.embed(Reading([], configuration: Self.configuration)).isFinished)
  }
}

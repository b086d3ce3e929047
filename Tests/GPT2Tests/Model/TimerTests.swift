import Testing

@testable import GPT2

@Suite struct TimerTests {
  private static let small = Configuration(
    layerCount: 3, headCount: 4, width: 48, positionCount: 40, innerWidth: 100, vocabularySize: 300)

  @Test(
    "Times are of ascending rows within the context, on any number of threads", .timeLimit(.minutes(1)),
    arguments: [1, 2])
  func times(threadCount: Int) throws {
    let kernels = try Kernels.selected()
    let pool = ThreadPool(threadCount: threadCount)
    let blocks = try BlockTimer(Self.small, kernels: kernels, pool: pool).measure(within: .milliseconds(20))
    let edges = try EdgeTimer(Self.small, kernels: kernels, pool: pool)
    for times in [
      blocks, try edges.measureEdges(within: .milliseconds(20)), try edges.measureHead(within: .milliseconds(20)),
    ] {
      #expect(times.map(\.rows) == [1, 8, 16, 32])
      #expect(times.allSatisfy { $0.seconds >= 0 && $0.seconds < 1 })
    }
    // Thirty-two rows are thirty-two times the arithmetic of one.
    #expect(blocks[3].seconds > blocks[0].seconds)
  }

  @Test func aBudgetThatIsSpentAtOnceLeavesTwoPoints() {
    var ran: [Int] = []
    let times = TimedRows.measure([1, 8, 16, 32], within: .zero) { ran.append($0) }
    #expect(times.map(\.rows) == [1, 8])
    #expect(ran == [1, 8])
  }

  @Test(.timeLimit(.minutes(1))) func theShortestOfSeveralTimesIsKept() {
    var runs = 0
    let times = TimedRows.measure([1, 2], within: .milliseconds(40)) { rows in
      runs += 1
      let end = ContinuousClock.now + (runs <= 2 ? .milliseconds(4) : .microseconds(100))
      while ContinuousClock.now < end {}
    }
    #expect(runs > 4)
    #expect(times.allSatisfy { $0.seconds >= 100e-6 && $0.seconds < 3e-3 })
  }

  @Test func bytesOfABlockAreThoseOfItsTensors() {
    let stored = Self.small.tensors(of: .block(0)).reduce(0) { $0 + 4 * $1.shape.reduce(1, *) }
    #expect(Self.small.blockWeightBytes == stored)
    let edges = [ModelPart.embedding, .finalNorm, .head].flatMap { Self.small.tensors(of: $0) }
    #expect(Self.small.edgeWeightBytes == edges.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) })
  }
}

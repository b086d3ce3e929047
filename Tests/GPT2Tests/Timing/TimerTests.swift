import Platform
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
      // A busy machine has no time for all of them.
      #expect(times.count >= 2 && [1, 8, 16, 32].starts(with: times.map(\.rows)))
      #expect(times.allSatisfy { $0.seconds >= 0 && $0.seconds < 10 })
    }
  }

  @Test func aBudgetThatIsSpentAtOnceLeavesTwoPoints() {
    var ran: [Int] = []
    var now = 0.0
    func work(_ rows: Int) {
      ran.append(rows)
      now += 1
    }
    let times = TimedRows.measure([1, 8, 16, 32], within: .zero, clock: { now }, wall: { now }, work)
    #expect(times == [TimedRows(rows: 1, seconds: 1), TimedRows(rows: 8, seconds: 1)])
    #expect(ran == [1, 8])
  }

  @Test func theMedianOfSeveralTimesIsKept() {
    var now = 0.0
    var runs: [Int] = []
    func work(_ rows: Int) {
      runs.append(rows)
      // The first time of each is disturbed.
      now += Double(rows) * (runs.filter { $0 == rows }.count == 1 ? 2 : 1)
    }
    let times = TimedRows.measure([1, 2, 64], within: .seconds(64), clock: { now }, wall: { now }, work)
    // There is no time for sixty-four rows.
    #expect(times == [TimedRows(rows: 1, seconds: 1), TimedRows(rows: 2, seconds: 2)])
    #expect(runs.count > 6 && now <= 64)
  }

  @Test func bytesOfABlockAreThoseOfItsTensors() {
    let stored = Self.small.tensors(of: .block(0)).reduce(0) { $0 + 4 * $1.shape.reduce(1, *) }
    #expect(Self.small.blockWeightBytes == stored)
    let edges = [ModelPart.embedding, .finalNorm, .head].flatMap { Self.small.tensors(of: $0) }
    #expect(Self.small.edgeWeightBytes == edges.reduce(0) { $0 + 4 * $1.shape.reduce(1, *) })
  }
}

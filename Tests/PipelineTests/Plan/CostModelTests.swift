import MicroBatching
import Testing

@testable import Pipeline

@Suite struct CostModelTests {
  private static func curve(_ points: (Int, Double)...) -> TimeCurve? {
    TimeCurve(points.map { BlockTime(rows: $0, seconds: $1) })
  }

  @Test(
    "Between measurements lie straight lines, beyond the last one it goes on",
    arguments: [(0, 0), (1, 1), (2, 1), (4, 2), (6, 3), (8, 4), (16, 8), (32, 16)] as [(Int, Double)])
  func interpolation(rows: Int, seconds: Double) throws {
    let curve = try #require(Self.curve((2, 1), (4, 2), (8, 4)))
    #expect(curve.seconds(rows: rows) == seconds)
  }

  @Test func disturbedAndUselessMeasurementsAreMended() throws {
    let curve = try #require(
      Self.curve((8, 3), (1, 9), (4, 2), (8, 4), (0, 1), (-3, 1), (16, .nan), (32, -1), (64, .infinity)))
    #expect(curve.seconds(rows: 1) == 2)
    #expect(curve.seconds(rows: 4) == 2)
    #expect(curve.seconds(rows: 8) == 3)
    #expect(curve.lastRows == 8)
    #expect(curve.seconds(rows: 16) == 5)
    #expect(curve.scaled(speed: 2).seconds(rows: 8) == 1.5)
    #expect(Self.curve() == nil)
    #expect(Self.curve((0, 1), (1, .nan)) == nil)
    #expect(Self.curve((2, 3))?.seconds(rows: 4) == 6)
  }

  @Test func cachedKeysCostWhatReadingThemTakesOrMultiplyingWithThem() throws {
    // 4000 bytes of weights in 1 s by one row; 2 × 1000 × 100 operations in 10 s by a hundred.
    let cost = CostModel(
      curve: try #require(Self.curve((1, 1), (100, 10))),
      shape: BlockShape(width: 10, matrixElements: 1000, weightBytes: 4000))
    let alone = cost.seconds(MicroBatch([Segment(slot: 0, start: 0, count: 1)]))
    #expect(alone == 1)
    // One row reads 80 bytes a position, at 0.45 of the rate.
    #expect(abs(cost.seconds(MicroBatch([Segment(slot: 0, start: 500, count: 1)])) - (1 + 40000 / 1800.0)) < 1e-9)
    // A hundred read them once, and multiply 100 × 500 × 40 at half of 20,000 a second.
    let long = MicroBatch([Segment(slot: 0, start: 500, count: 100)])
    #expect(abs(cost.seconds(long) - (10 + 200)) < 1e-9)
    // Sequences read their own.
    let two = MicroBatch([Segment(slot: 0, start: 500, count: 1), Segment(slot: 1, start: 500, count: 1)])
    #expect(abs(cost.seconds(two) - (cost.curve.seconds(rows: 2) + 80000 / 1800.0)) < 1e-9)
    #expect(cost.bytesRead(two) == 4000 + 2 * 500 * 80)
  }
}

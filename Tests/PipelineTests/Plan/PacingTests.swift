import MicroBatching
import Testing

@testable import Pipeline

@Suite struct PacingTests {
  /// Reading the weights takes as long as computing 20 rows.
  private static let real = CostModel(
    curve: TimeCurve([1, 16, 512].map { BlockTime(rows: $0, seconds: 0.1e-3 * Double($0 + 20)) })!,
    shape: BlockShape(width: 768, matrixElements: 7_000_000, weightBytes: 28e6))

  @Test("What is chosen is within the limits, whatever waits", arguments: [1, 2, 3, 12])
  func limits(stages: Int) {
    let link = PipeModel.Link(latency: 50e-6, bandwidth: 1e9)
    let pacing = Pacing(
      for: PipeSimulationTests.pipe(stages: stages, blocks: 2, cost: Self.real, link: link), rowLimit: 256)
    #expect(pacing.inFlightLimit >= (stages == 1 ? 1 : stages + 1) && pacing.inFlightLimit <= 4 * stages + 4)
    for outstanding in [0, 1, 31, 32, 100, 4096, 1 << 20] {
      #expect((16...256).contains(pacing.rows(outstanding: outstanding, inFlight: 3)))
    }
    for running in [0, 1, 2, 7, 32, 1000] {
      let groups = pacing.groupCount(running: running)
      #expect(groups >= 1 && groups <= max(1, running) && groups <= pacing.inFlightLimit)
    }
  }

  @Test func oneProcessDoesOneThingAtATime() {
    let pipe = PipeSimulationTests.pipe(stages: 1, blocks: 12, cost: Self.real, sharedCores: 1)
    let pacing = Pacing(for: pipe)
    #expect(pacing.inFlightLimit == 1)
    #expect(pacing.groupCount(running: 32) == 1)
    #expect(pacing.rows(outstanding: 2048, inFlight: 3) == 512)
  }

  @Test func aShortPromptIsCutSmallerForMoreStages() {
    let link = PipeModel.Link(latency: 50e-6, bandwidth: 1e9)
    let rows = [2, 12].map { stages in
      Pacing(for: PipeSimulationTests.pipe(stages: stages, cost: Self.real, link: link)).rows(
        outstanding: 512, inFlight: 3)
    }
    #expect(rows[1] < rows[0])
    #expect(rows[0] < 512)
  }

  @Test func groupsKeepAllStagesBusyWhenRowsAreEnough() {
    let link = PipeModel.Link(latency: 50e-6, bandwidth: 1e9)
    let pacing = Pacing(for: PipeSimulationTests.pipe(stages: 4, cost: Self.real, link: link))
    #expect(pacing.groupCount(running: 128) >= 4)
    // Nothing but the weights to read: two rows take as long as one, so that groups gain nothing.
    let bound = CostModel(
      curve: TimeCurve([BlockTime(rows: 1, seconds: 1e-3), BlockTime(rows: 512, seconds: 1e-3)])!,
      shape: BlockShape(width: 1, matrixElements: 1 << 40, weightBytes: 0x1p42))
    let idle = Pacing(for: PipeSimulationTests.pipe(stages: 4, cost: bound, link: .none))
    #expect(idle.groupCount(running: 128) == 1)
  }

  @Test func longLinksTakeMoreInFlight() {
    let limits = [50e-6, 50e-3].map { latency in
      let link = PipeModel.Link(latency: latency, bandwidth: 1e9)
      return Pacing(for: PipeSimulationTests.pipe(stages: 2, cost: Self.real, link: link)).inFlightLimit
    }
    #expect(limits[1] > limits[0])
  }

  @Test func rowsGivenByHandStay() {
    for pacing in [
      Pacing(stageCount: 3, fixedRows: 7), Pacing(for: PipeSimulationTests.pipe(stages: 3), fixedRows: 7),
    ] {
      #expect(pacing.rows(outstanding: 1, inFlight: 3) == 7)
      #expect(pacing.rows(outstanding: 5000, inFlight: 3) == 7)
    }
  }

  @Test func chunksAreShortWhileSomebodyWaitsForAToken() {
    var pacing = Pacing(stageCount: 1)
    #expect(pacing.rows(outstanding: 4000, inFlight: 0) == 512)
    #expect(pacing.rows(outstanding: 4000, inFlight: 0, isUrgent: true) == 64)
    // 2 ms a row: 20 rows are 40 ms.
    pacing.learn(rows: 100, seconds: 0.2)
    #expect(pacing.rows(outstanding: 4000, inFlight: 0, isUrgent: true) == 20)
    #expect(pacing.rows(outstanding: 4000, inFlight: 0) == 512)
    // A single step says nothing of many rows.
    pacing.learn(rows: 1, seconds: 10)
    #expect(pacing.rows(outstanding: 4000, inFlight: 0, isUrgent: true) == 20)
    for _ in 0..<50 { pacing.learn(rows: 100, seconds: 1e-3) }
    #expect(pacing.rows(outstanding: 4000, inFlight: 0, isUrgent: true) == 512)
    for _ in 0..<50 { pacing.learn(rows: 100, seconds: 100) }
    #expect(pacing.rows(outstanding: 4000, inFlight: 0, isUrgent: true) == 16)
  }
}

import MicroBatching
import Platform
import Testing

@testable import Pipeline

@Suite struct PipeSimulationTests {
  /// A block takes `rowSeconds` for each row, and attention next to nothing.
  static func cost(rowSeconds: Double = 1e-3, width: Int = 1) -> CostModel {
    CostModel(
      curve: TimeCurve([BlockTime(rows: 1, seconds: rowSeconds), BlockTime(rows: 2, seconds: 2 * rowSeconds)])!,
      shape: BlockShape(width: width, matrixElements: 1 << 40, weightBytes: 0x1p42))
  }

  static let idle = EdgeCosts(
    edges: TimeCurve([BlockTime(rows: 1, seconds: 0)])!, head: TimeCurve([BlockTime(rows: 1, seconds: 0)])!,
    headBytes: 0)

  /// Equal stages, each on a host of its own.
  static func pipe(
    stages: Int, blocks: Int = 1, cost: CostModel = cost(), edges: EdgeCosts = idle, link: PipeModel.Link = .none,
    sharedCores: Int? = nil, memoryRate: Double = .infinity
  ) -> PipeModel {
    let hosts =
      sharedCores.map { [PipeModel.Host(cores: $0, memoryRate: memoryRate)] }
      ?? (0...stages).map { _ in PipeModel.Host(cores: 1, memoryRate: memoryRate) }
    return PipeModel(
      hosts: hosts,
      stages: (0..<stages).map {
        PipeModel.Stage(host: sharedCores == nil ? $0 + 1 : 0, threads: 1, blockCount: blocks, cost: cost)
      },
      coordinator: PipeModel.Coordinator(host: 0, threads: 1, costs: edges), network: link, local: link)
  }

  private func isNear(_ a: Double, _ b: Double, within part: Double = 1e-6) -> Bool { abs(a - b) <= part * abs(b) }

  @Test("Equal stages idle as GPipe's formula says", arguments: [1, 2, 4, 12], [1, 4, 8, 32])
  func gpipe(stages: Int, microBatches: Int) {
    let forecast = PipeSimulation.run(
      .prefill(sequences: microBatches, tokens: 8, rows: 8, tapers: false), on: Self.pipe(stages: stages),
      inFlight: microBatches)
    #expect(isNear(forecast.seconds, 8e-3 * Double(microBatches + stages - 1)))
    #expect(abs(forecast.idleShare - forecast.gpipeIdleShare) < 1e-9)
    #expect(forecast.microBatchCount == microBatches)
    #expect(isNear(forecast.tokensPerSecond, Double(8 * microBatches) / forecast.seconds))
  }

  @Test func oneStageIsAsSlowAsAllItsWork() {
    let head = TimeCurve([BlockTime(rows: 1, seconds: 0.004), BlockTime(rows: 2, seconds: 0.008)])!
    let edges = EdgeCosts(edges: TimeCurve([BlockTime(rows: 1, seconds: 0.002)])!, head: head, headBytes: 0)
    let pipe = Self.pipe(stages: 1, blocks: 12, edges: edges)
    let forecast = PipeSimulation.run(.decode(sequences: 3, groups: 1, context: 0, steps: 10), on: pipe, inFlight: 5)
    #expect(isNear(forecast.seconds, 10 * (12 * 3e-3 + 3 * 0.002 + 3 * 0.004)))
    #expect(isNear(forecast.busy[0], 36.0 / 54))
    #expect(isNear(forecast.coordinatorBusy, 18.0 / 54))
  }

  @Test func theSlowestStageSetsThePace() {
    var pipe = Self.pipe(stages: 3)
    pipe.stages[1].blockCount = 5
    let forecast = PipeSimulation.run(
      .prefill(sequences: 100, tokens: 10, rows: 10, tapers: false), on: pipe, inFlight: 6)
    #expect(isNear(forecast.seconds, 100 * 0.05 + 0.02))
  }

  @Test func aLinkThatIsTooThinCarriesItsBytesOneAfterTheOther() {
    let link = PipeModel.Link(latency: 0, bandwidth: 1e6, messageSeconds: 0, byteSeconds: 0)
    let pipe = Self.pipe(stages: 2, cost: Self.cost(rowSeconds: 1e-6, width: 1000), link: link)
    let forecast = PipeSimulation.run(
      .prefill(sequences: 50, tokens: 8, rows: 8, tapers: false), on: pipe, inFlight: 50)
    // 4 bytes × 1000 × 8 rows × 50 on each of three links, which overlap but for the last micro-batch's way.
    #expect(isNear(forecast.seconds, (50 + 2) * 0.032, within: 1e-3))
    #expect(isNear(forecast.linkBusy, 50.0 / 52, within: 1e-3))
  }

  @Test func oneSequencesTokensTakeTheSumOfAllStations() {
    let link = PipeModel.Link(latency: 0.01, bandwidth: .infinity, messageSeconds: 1e-3, byteSeconds: 0)
    let pipe = Self.pipe(stages: 3, blocks: 4, link: link)
    let forecast = PipeSimulation.run(.decode(sequences: 1, groups: 1, context: 0, steps: 7), on: pipe, inFlight: 4)
    // Three stages of four blocks; four links, each with a sender and a receiver.
    #expect(isNear(forecast.seconds, 7 * (12e-3 + 4 * (0.01 + 2e-3))))
  }

  @Test func latencyIsHiddenByMoreInFlight() {
    let link = PipeModel.Link(latency: 0.1, bandwidth: .infinity, messageSeconds: 0, byteSeconds: 0)
    let pipe = Self.pipe(stages: 2, link: link)
    let work = PipeWorkload.prefill(sequences: 100, tokens: 10, rows: 10, tapers: false)
    let few = PipeSimulation.run(work, on: pipe, inFlight: 1).seconds
    let many = PipeSimulation.run(work, on: pipe, inFlight: 40).seconds
    #expect(isNear(few, 100 * (0.3 + 0.02)))
    #expect(isNear(many, 100 * 0.01 + 0.3 + 0.01, within: 0.01))
  }

  @Test("Stages on one host share its cores", arguments: [1, 2, 3, 4, 8])
  func sharedCores(cores: Int) {
    let pipe = Self.pipe(stages: 4, sharedCores: cores)
    let forecast = PipeSimulation.run(
      .prefill(sequences: 400, tokens: 8, rows: 8, tapers: false), on: pipe, inFlight: 8)
    #expect(isNear(forecast.seconds, 400 * 8e-3 * 4 / Double(min(cores, 4)), within: 0.01))
  }

  @Test func stagesOnOneHostShareItsMemory() {
    // One row: as fast as the weights are read, 4 × 2^40 bytes in a millisecond.
    let rate = Double(4 << 40) / 1e-3
    let work = PipeWorkload.decode(sequences: 4, groups: 4, context: 0, steps: 100)
    let free = PipeSimulation.run(work, on: Self.pipe(stages: 2, sharedCores: 4), inFlight: 4).seconds
    let shared = PipeSimulation.run(
      work, on: Self.pipe(stages: 2, sharedCores: 4, memoryRate: 1.25 * rate), inFlight: 4
    ).seconds
    #expect(isNear(shared / free, 2 / 1.25, within: 0.02))
  }

  @Test func aPlanBecomesThePipeOfItsMembers() throws {
    let members = ["a", "b", "a"].map { host in
      Member(name: host, host: host, cores: host == "a" ? 4 : 2, threads: 2, memory: .max, blockSeconds: 1)
    }
    let memory = StageMemory(fixed: 0, block: 1, position: 0, positionCount: 0)
    let plan = try StagePlan(split: [5, 4, 3], blockCount: 12, members: members, memory: memory)
    let costs = [1e-3, 2e-3, 0.5e-3].map { Self.cost(rowSeconds: $0) }
    let pipe = PipeModel(
      plan, members: members, costs: costs, coordinator: CoordinatorLoad(host: "b", cores: 1, threads: 1, seconds: 0),
      edges: Self.idle)
    #expect(pipe.hosts.map(\.cores) == [2, 4])
    #expect(pipe.stages.map(\.host) == [1, 0, 1])
    #expect(pipe.stages.map(\.blockCount) == [5, 4, 3])
    #expect(pipe.stages.map(\.cost) == costs)
    #expect(isNear(pipe.hosts[1].memoryRate, 1.1 * costs[2].memoryRate))
    #expect(pipe.link(into: 1) == pipe.network && pipe.host(of: 0) == 0)
  }

  @Test("All tokens are read and written once, however they are cut", arguments: [1, 3, 7, 64, 512])
  func items(rows: Int) {
    let prefill = PipeWorkload.prefill(sequences: 3, tokens: 50, rows: rows, tapers: false).items
    #expect(prefill.reduce(0) { $0 + $1.microBatch.rowCount } == 150)
    #expect(prefill.dropLast().allSatisfy { $0.microBatch.rowCount == min(rows, 150) })
    let tapered = PipeWorkload.prefill(sequences: 3, tokens: 500, rows: rows, tapers: true).items
    #expect(tapered.reduce(0) { $0 + $1.microBatch.rowCount } == 1500)
    #expect(tapered.allSatisfy { $0.microBatch.rowCount <= rows })
    if rows == 512 { #expect(tapered.map(\.microBatch.rowCount) == [128, 256, 512, 302, 151, 75, 38, 32, 6]) }
    for slot in 0..<3 {
      let positions = prefill.flatMap {
        $0.microBatch.segments.filter { $0.slot == slot }.flatMap { Array($0.positions) }
      }
      #expect(positions == Array(0..<50))
    }
    let decode = PipeWorkload.decode(sequences: 7, groups: rows, context: 5, steps: 3).items
    #expect(decode.count == 3 * min(7, rows))
    #expect(decode.reduce(0) { $0 + $1.headRows } == 21)
    for slot in 0..<7 {
      let starts = decode.flatMap { $0.microBatch.segments.filter { $0.slot == slot }.map(\.start) }
      #expect(starts == [5, 6, 7])
    }
  }
}

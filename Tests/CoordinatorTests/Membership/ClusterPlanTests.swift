import GPT2
import Pipeline
import Testing

@testable import Coordinator

@Suite("A cluster's plan") struct ClusterPlanTests {
  private static let shape = Configuration(
    layerCount: 12, headCount: 12, width: 768, positionCount: 1024, vocabularySize: 50257)
  private static let curve = TimeCurve([BlockTime(rows: 1, seconds: 0.001), BlockTime(rows: 512, seconds: 0.1)])!
  private static let edges = EdgeCosts(edges: curve, head: curve, headBytes: 1e8)

  private static func worker(
    _ name: String, speed: Double = 1, memory: Int = .max, host: String? = nil, isMeasured: Bool = true
  ) -> ClusterPlan.Candidate {
    ClusterPlan.Candidate(
      name: name, host: host ?? name, cores: 2, threads: 1, memory: memory,
      curve: isMeasured ? curve.scaled(speed: speed) : nil)
  }

  private static func plan(
    _ workers: [ClusterPlan.Candidate], isMeasured: Bool = true, _ wishes: ClusterPlan.Wishes = .init()
  ) throws(PlanError) -> ClusterPlan {
    try ClusterPlan(
      shape, over: workers,
      coordinator: .init(host: "here", cores: 2, threads: 1, edges: isMeasured ? edges : nil), wishes)
  }

  @Test("gives candidates their blocks in the order that they are given in")
  func order() throws {
    let names = ["w10", "w2", "w1"]
    let plan = try Self.plan(names.map { Self.worker($0) })
    #expect(plan.stages.map { names[$0.candidate] } == names)
    #expect(plan.stages.map(\.layers) == [0..<4, 4..<8, 8..<12])
  }

  @Test("deals by speed, by hand where that is asked for, and names those that are of no use")
  func shares() throws {
    let unequal = try Self.plan([Self.worker("a"), Self.worker("b", speed: 2)])
    #expect(unequal.stages.map(\.layers.count) == [4, 8])
    let split = try Self.plan([Self.worker("a"), Self.worker("b"), Self.worker("c")], .init(split: [5, 7]))
    #expect(split.stages.map(\.layers) == [0..<5, 5..<12] && split.spares.map(\.name) == ["c"])
    #expect(throws: PlanError.self) { try Self.plan([Self.worker("a")], .init(split: [5, 6])) }
    // Alike workers of one host were measured side by side, and what differs between them is chance.
    let alike = try Self.plan([Self.worker("a", host: "h"), Self.worker("b", speed: 1.2, host: "h")])
    #expect(alike.stages.map(\.layers.count) == [6, 6])
  }

  @Test("counts memory for the largest micro-batch that a stage has to take")
  func memory() throws {
    func most(_ rows: Int?, slots: Int = 64) throws -> ClusterPlan {
      try Self.plan(
        [Self.worker("a", memory: 2 << 30), Self.worker("b", memory: 2 << 30)],
        .init(microBatchRows: rows, slotCount: slots))
    }
    let usual = try most(nil)
    #expect(usual.rowLimit == 512 && usual.pacing.rowLimit == 512)
    for (rows, slots, limit) in [(16, 64, 512), (4096, 64, 4096), (nil, 2000, 2000)] as [(Int?, Int, Int)] {
      let plan = try most(rows, slots: slots)
      #expect(plan.rowLimit == limit && (plan.pacing.fixedRows ?? 0) <= limit && plan.pacing.chunkRows <= limit)
    }
    // What the larger one works in is not there for keys and values.
    let large = try most(4096)
    let scratch = Self.shape.stageScratchBytes(rowLimit: 4096) - Self.shape.stageScratchBytes(rowLimit: 512)
    let each = Self.shape.blockCacheBytes * usual.stages[0].layers.count
    #expect(abs((usual.positionBudget - large.positionBudget) - scratch / each) <= 1)
    // A micro-batch is a frame, which has its bound.
    let wide = Configuration(layerCount: 1, headCount: 1, width: 65536, positionCount: 8, vocabularySize: 9)
    let plan = try ClusterPlan(
      wide, over: [Self.worker("a")], coordinator: .init(host: "here", cores: 2, threads: 1, edges: nil),
      .init(microBatchRows: 4096))
    #expect(plan.rowLimit == 128 && plan.pacing.fixedRows == 128)
  }

  @Test("knows the pipe's speed where it was measured, and says nothing of it where it was not")
  func measured() throws {
    let plan = try Self.plan([Self.worker("a"), Self.worker("b")])
    #expect(plan.pipe != nil && plan.slowestBlock == 0.1)
    #expect(abs((plan.seconds(rows: 1) ?? 0) - 12 * 0.001) < 1e-9)
    let blind = try Self.plan(
      [Self.worker("a", isMeasured: false), Self.worker("b", isMeasured: false)], isMeasured: false)
    #expect(blind.pipe == nil && blind.seconds(rows: 1) == nil && blind.slowestBlock == 0)
    #expect(blind.stages.map(\.layers.count) == [6, 6])
  }

  @Test("deals out all blocks whatever times and names workers say that they have")
  func liars() throws {
    for seconds in [Double.leastNonzeroMagnitude, 1e-300, 1e-9, 10] {
      for memory in [0, 1 << 40] {
        let workers = [0, 1].map { index in
          ClusterPlan.Candidate(
            name: "here", host: "x", cores: 1, threads: 1, memory: index == 0 ? 1 << 40 : memory,
            curve: TimeCurve([BlockTime(rows: 128, seconds: index == 0 ? seconds : .leastNonzeroMagnitude)]))
        }
        let plan = try ClusterPlan(
          Self.shape, over: workers,
          coordinator: .init(host: "here", cores: 1, threads: 1, edges: CoordinatorBench.edges), .init())
        #expect(plan.stages.map(\.layers.count).reduce(0, +) == Self.shape.layerCount)
      }
    }
  }

  @Test("lets more be under way than is ever in flight, and no more than the wire allows")
  func credits() throws {
    let plan = try Self.plan([Self.worker("a"), Self.worker("b")])
    #expect(plan.credits == 8 * plan.pacing.inFlightLimit)
    #expect(plan.waitingBytes(width: 768) == (plan.credits / 8 + 1) * 512 * 4 * 768)
  }
}

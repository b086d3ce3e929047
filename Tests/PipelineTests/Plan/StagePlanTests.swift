import MicroBatching
import TestSupport
import Testing

@testable import Pipeline

@Suite struct StagePlanTests {
  private static let free = StageMemory(fixed: 0, block: 1, position: 0, positionCount: 0)
  private static let idle = CoordinatorLoad(host: "c", cores: 1, threads: 1, seconds: 0)

  private static func member(
    _ name: String, seconds: Double = 1, memory: Int = 1000, host: String? = nil, cores: Int = 1, threads: Int = 1
  ) -> Member {
    Member(name: name, host: host ?? name, cores: cores, threads: threads, memory: memory, blockSeconds: seconds)
  }

  private static func equal(_ count: Int) -> [Member] { (0..<count).map { member("w\($0)") } }

  @Test("Every block runs exactly once, in order, whatever the numbers of blocks and workers", arguments: 1...48)
  func everyBlockOnce(blockCount: Int) throws {
    var random = SeededNumbers(UInt64(blockCount))
    for memberCount in 1...16 {
      let members = (0..<memberCount).map { index in
        Self.member(
          "w\(index)", seconds: [1, 1, 0.1 + random.unit(), 50 * random.unit()][random.below(4)],
          memory: [1000, blockCount, random.below(blockCount + 1)][random.below(3)],
          host: "h\(random.below(memberCount))",
          cores: 1 + random.below(4), threads: 1 + random.below(4))
      }
      let coordinator = CoordinatorLoad(host: "h0", cores: 2, threads: 2, seconds: 3 * random.unit())
      let fits = members.reduce(0) { $0 + min($1.memory, blockCount) } >= blockCount
      guard fits else {
        #expect(throws: PlanError.self) {
          try StagePlan(balancing: blockCount, over: members, coordinator: coordinator, memory: Self.free)
        }
        continue
      }
      let plan = try StagePlan(balancing: blockCount, over: members, coordinator: coordinator, memory: Self.free)
      #expect(plan.stages.flatMap { Array($0.layers) } == Array(0..<blockCount))
      #expect(plan.stages.allSatisfy { !$0.layers.isEmpty && $0.layers.count <= members[$0.member].memory })
      #expect(plan.stages.map(\.member) == plan.stages.map(\.member).sorted())
      #expect((plan.stages.map(\.member) + plan.spares.map(\.member)).sorted() == Array(members.indices))
      #expect(plan.blockCount == blockCount)
    }
  }

  @Test("No split has a smaller bottleneck", arguments: 0..<60 as Range<UInt64>)
  func exactOptimum(seed: UInt64) throws {
    var random = SeededNumbers(seed)
    let blockCount = 1 + random.below(9)
    let members = (0..<(1 + random.below(4))).map { index in
      Self.member(
        "w\(index)", seconds: seed % 3 == 0 ? Double(1 + random.below(3)) : 0.2 + random.unit(),
        memory: 1 + random.below(blockCount + 2), host: "h\(random.below(3))", cores: 2, threads: 1 + random.below(2))
    }
    let coordinator = CoordinatorLoad(host: "h\(random.below(4))", cores: 2, threads: 1, seconds: 4 * random.unit())
    var best: Double?
    func search(_ counts: [Int], left: Int) {
      if counts.count == members.count {
        if left == 0 { best = min(best ?? .infinity, Self.bottleneck(counts, members, coordinator)) }
        return
      }
      for count in 0...min(left, members[counts.count].memory) { search(counts + [count], left: left - count) }
    }
    search([], left: blockCount)
    let plan = try? StagePlan(balancing: blockCount, over: members, coordinator: coordinator, memory: Self.free)
    let found = plan.map { plan in
      Self.bottleneck(
        members.indices.map { index in plan.stages.first { $0.member == index }?.layers.count ?? 0 }, members,
        coordinator)
    }
    #expect((found == nil) == (best == nil))
    if let found, let best { #expect(abs(found - best) <= 1e-12 * best) }
  }

  private static func bottleneck(_ counts: [Int], _ members: [Member], _ coordinator: CoordinatorLoad) -> Double {
    var longest = coordinator.seconds
    for (count, member) in zip(counts, members) { longest = max(longest, Double(count) * member.blockSeconds) }
    for host in Set(members.map(\.host)) {
      var work = coordinator.host == host ? coordinator.seconds : 0
      for (count, member) in zip(counts, members) where member.host == host {
        work += Double(count * member.threads) * member.blockSeconds
      }
      longest = max(longest, work / 2)
    }
    return longest
  }

  @Test(
    "Equal workers get equal shares, the first of them the rest",
    arguments: [
      (12, 1, [12]), (12, 2, [6, 6]), (12, 5, [3, 3, 2, 2, 2]), (13, 4, [4, 3, 3, 3]),
      (12, 12, Array(repeating: 1, count: 12)),
    ])
  func equalShares(blockCount: Int, memberCount: Int, expected: [Int]) throws {
    // On hosts of their own, and all on one that has too few cores for them.
    for host in [nil, "shared"] {
      let members = (0..<memberCount).map { Self.member("w\($0)", host: host, cores: 2) }
      let plan = try StagePlan(balancing: blockCount, over: members, coordinator: Self.idle, memory: Self.free)
      #expect(plan.stages.map(\.layers.count) == expected)
    }
  }

  @Test func aWorkerHalfAsFastGetsHalfAsMuch() throws {
    let members = [Self.member("a"), Self.member("b", seconds: 2), Self.member("c")]
    let plan = try StagePlan(balancing: 10, over: members, coordinator: Self.idle, memory: Self.free)
    #expect(plan.stages.map(\.layers) == [0..<4, 4..<6, 6..<10])
  }

  @Test func theCoordinatorsWorkWeighsOnTheWorkersOfItsHost() throws {
    let members = [Self.member("a"), Self.member("b")]
    let coordinator = CoordinatorLoad(host: "a", cores: 1, threads: 1, seconds: 4)
    let plan = try StagePlan(balancing: 12, over: members, coordinator: coordinator, memory: Self.free)
    #expect(plan.stages.map(\.layers) == [0..<4, 4..<12])
  }

  @Test func moreWorkersThanBlocksAreSpares() throws {
    let plan = try StagePlan(balancing: 2, over: Self.equal(4), coordinator: Self.idle, memory: Self.free)
    #expect(plan.stages.map(\.member) == [0, 1])
    #expect(plan.spares.map(\.name) == ["w2", "w3"])
    #expect(plan.spares.allSatisfy { $0.reason == .notNeeded })
    #expect(plan.spares.lines == ["2 workers are spares (w2 and w3): the blocks are all held without them"])
  }

  @Test func sparesAreToldOfInALineAReason() throws {
    let many = try StagePlan(balancing: 2, over: Self.equal(40), coordinator: Self.idle, memory: Self.free)
    #expect(many.spares.lines == ["38 workers are spares (w2 … w39): the blocks are all held without them"])
    let memory = StageMemory(fixed: 1_000_000, block: 5_000_000, position: 1000, positionCount: 1000)
    let members = [
      Self.member("a", memory: 1), Self.member("b", memory: 2), Self.member("c", memory: 3),
      Self.member("fast", memory: 100_000_000), Self.member("slow", seconds: 100, memory: 100_000_000),
    ]
    let mixed = try StagePlan(balancing: 12, over: members, coordinator: Self.idle, memory: memory)
    #expect(
      mixed.spares.lines == [
        "slow is a spare: it is too slow to be of help",
        "3 workers are spares (a, b and c): each offers too little memory for a stage of one block, 7 MB",
      ])
  }

  @Test func workersTooSlowOrTooSmallAreSparesThatSayWhy() throws {
    let memory = StageMemory(fixed: 1_000_000, block: 5_000_000, position: 1000, positionCount: 1000)
    let members = [
      Self.member("tiny", memory: 6_999_999), Self.member("fast", memory: 100_000_000),
      Self.member("slow", seconds: 100, memory: 100_000_000),
    ]
    let plan = try StagePlan(balancing: 12, over: members, coordinator: Self.idle, memory: memory)
    #expect(plan.stages.map(\.member) == [1])
    #expect(plan.spares.map(\.reason) == [.tooSmall(memory: 6_999_999, needed: 7_000_000), .tooSlow])
    #expect(
      plan.spares.map(\.description) == [
        "tiny is a spare: it offers 7 MB of memory, and a stage of one block needs 7 MB",
        "slow is a spare: it is too slow to be of help",
      ])
  }

  @Test func memoryLimitsWhatAFastWorkerGets() throws {
    let members = [Self.member("fast", seconds: 0.1, memory: 3), Self.member("slow")]
    let plan = try StagePlan(balancing: 12, over: members, coordinator: Self.idle, memory: Self.free)
    #expect(plan.stages.map(\.layers) == [0..<3, 3..<12])
    #expect(
      plan.positionBudget(members: members, memory: StageMemory(fixed: 0, block: 0, position: 1, positionCount: 1)) == 1
    )
  }

  @Test func aModelThatDoesNotFitIsRefusedWithFigures() {
    let members = [Self.member("a", memory: 3), Self.member("b", memory: 4)]
    #expect(throws: PlanError.modelDoesNotFit(blockCount: 12, fitting: 7, memberCount: 2, needed: 12, offered: 7)) {
      try StagePlan(balancing: 12, over: members, coordinator: Self.idle, memory: Self.free)
    }
    #expect(throws: PlanError.noMembers(blockCount: 12)) {
      try StagePlan(balancing: 12, over: [], coordinator: Self.idle, memory: Self.free)
    }
  }

  @Test(
    "A split is read as it is written, or refused by name",
    arguments: [
      ("5,4,3", .success([5, 4, 3])), ("12", .success([12])), ("6, 6", .success([6, 6])),
      ("", .failure(.splitNotNumbers(""))), ("5,,3", .failure(.splitNotNumbers("5,,3"))),
      ("5,x", .failure(.splitNotNumbers("5,x"))), ("5,0", .failure(.splitPartEmpty(0))),
      ("5,-1", .failure(.splitPartEmpty(-1))),
      ("99999999999999999999", .failure(.splitNotNumbers("99999999999999999999"))),
    ] as [(String, Result<[Int], PlanError>)])
  func splitText(text: String, expected: Result<[Int], PlanError>) {
    #expect(Result { () throws(PlanError) in try StagePlan.parts(of: text) } == expected)
  }

  @Test(
    "A split by hand that cannot be is refused by name",
    arguments: [
      ([5, 4], 3, PlanError.splitDoesNotAddUp([5, 4], sum: 9, blockCount: 12)),
      ([12, 1], 3, .splitDoesNotAddUp([12, 1], sum: 13, blockCount: 12)),
      ([12, 0], 3, .splitPartEmpty(0)), ([13, -1], 3, .splitPartEmpty(-1)),
      ([.max, .max], 3, .splitDoesNotAddUp([.max, .max], sum: .max, blockCount: 12)),
      ([4, 4, 4], 2, .splitHasMoreParts([4, 4, 4], memberCount: 2)),
    ])
  func refusedSplit(parts: [Int], memberCount: Int, error: PlanError) {
    #expect(throws: error) {
      try StagePlan(split: parts, blockCount: 12, members: Self.equal(memberCount), memory: Self.free)
    }
    #expect(!error.description.contains("\n") && error.description.count > 20)
  }

  @Test func aSplitByHandKeepsTheOrderOfJoiningUnlessMemoryDemandsOtherwise() throws {
    var plan = try StagePlan(split: [5, 4, 3], blockCount: 12, members: Self.equal(4), memory: Self.free)
    #expect(plan.stages.map(\.member) == [0, 1, 2])
    #expect(plan.stages.map(\.layers) == [0..<5, 5..<9, 9..<12])
    #expect(plan.spares.map(\.name) == ["w3"])
    let members = [3, 9, 4, 5].enumerated().map { Self.member("w\($0)", memory: $1) }
    plan = try StagePlan(split: [5, 4, 3], blockCount: 12, members: members, memory: Self.free)
    #expect(plan.stages.map(\.member) == [1, 3, 2])
    #expect(plan.stages.map(\.layers) == [0..<5, 5..<9, 9..<12])
    #expect(throws: PlanError.partDoesNotFit(blocks: 10, needed: 10, name: "w1", memory: 9)) {
      try StagePlan(split: [2, 10], blockCount: 12, members: members, memory: Self.free)
    }
  }

  @Test func memoryBeyondCountingFitsNowhere() {
    let memory = StageMemory(fixed: 1, block: 1, position: .max / 2, positionCount: 3)
    #expect(memory.needed(blocks: 1) == .max)
    #expect(memory.blocks(in: 1 << 40, limit: 12) == 0)
    let small = StageMemory(fixed: 10, block: 20, position: 2, positionCount: 5)
    #expect(small.needed(blocks: 3) == 100)
    #expect(small.blocks(in: 99, limit: 12) == 2)
    #expect(small.positions(in: 100, blocks: 3) == 5)
  }
}

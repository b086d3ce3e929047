import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("What a coordinator does about a loss") struct CoordinatorRecoveryTests {
  typealias Bench = CoordinatorBench

  static func generation(_ prompt: [Int] = [1, 2, 3], tokens: Int = 9) throws -> Work {
    .generate(
      try Generation(
        GenerationRequest(prompt: prompt, maximumTokens: tokens, endOfTextTokens: []),
        configuration: Bench.configuration, tokenizer: nil))
  }

  /// The first request has a token, and its next row is in the pipe.
  static func write(_ bench: inout Bench) throws -> Dispatch {
    _ = bench.take(.submit(RequestID(1), try generation(), ClientID()))
    let (dispatch, _) = try #require(Bench.dispatches(try bench.open()).first)
    _ = bench.comeBack(dispatch, number: 1)
    return try #require(Bench.dispatches(choose(7, &bench)).first?.dispatch)
  }

  static func choose(_ token: Int, _ bench: inout Bench) -> [CoordinatorEffect] {
    bench.take(
      .finished([RowOutcome(request: RequestID(1), value: .token(SampledToken(token: token, logProbability: -1)))]))
  }

  /// What there is to be computed anew.
  enum Caches {
    case lost, kept
    /// But for one stage's.
    case keptBut(Int)
  }

  /// The plan that these effects tell of serves, and the request goes on with its next token.
  static func expectToGoOn(
    _ bench: inout Bench, _ effects: [CoordinatorEffect], _ caches: Caches = .lost,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(Bench.end(effects) == nil, sourceLocation: sourceLocation)
    let served = try bench.serve(effects)
    #expect(Bench.hasRecovered(served), sourceLocation: sourceLocation)
    var sent = Bench.dispatches(served)
    let records = bench.state.lastStages.count
    var number: UInt64 = 1
    if case .keptBut(let stage) = caches {
      let refill = try #require(sent.first?.dispatch, "nothing is sent", sourceLocation: sourceLocation)
      #expect(refill.refill == stage && refill.tokens == [1, 2, 3], sourceLocation: sourceLocation)
      sent.removeFirst()
      sent += Bench.dispatches(bench.comeBack(refill, number: number, records: records))
      number += 1
    }
    let dispatch = try #require(sent.first?.dispatch, "nothing is sent", sourceLocation: sourceLocation)
    let isLost = if case .lost = caches { true } else { false }
    #expect(dispatch.tokens == (isLost ? [1, 2, 3, 7] : [7]) && dispatch.refill == nil, sourceLocation: sourceLocation)
    guard case .finish(let job)? = bench.comeBack(dispatch, number: number, records: records).last else {
      Issue.record("no token", sourceLocation: sourceLocation)
      return
    }
    #expect(job.arrivals.map(\.output) == [.nextToken], sourceLocation: sourceLocation)
    let tokens = choose(8, &bench).compactMap { effect -> Int? in
      if case .deliver(_, .token(let update)) = effect { update.token.token } else { nil }
    }
    // That one, and not the one before it again.
    #expect(tokens == [8], sourceLocation: sourceLocation)
  }

  @Test("ends by the name of what was lost without means, and everybody is sent home with it")
  func none() throws {
    var bench = Bench(means: [])
    _ = try Self.write(&bench)
    let effects = bench.cut([3])
    let end = try #require(Bench.end(effects))
    #expect(end.contains("worker w3 (blocks 1 to 1) was lost: its connection ended"))
    #expect(Bench.goodbyes(effects).map(\.id) == [[2]] && Bench.goodbyes(effects)[0].goodbye.reason == end)
    #expect(bench.take(.tick, after: .seconds(1)).isEmpty)
  }

  // MARK: Spares

  @Test("has a spare hold all blocks, and puts it in the place of who is lost")
  func spare() throws {
    var bench = Bench(spares: 1)
    let opened = try bench.open()
    #expect(Bench.stages(opened).map(\.id) == [[2], [3]])
    // From when the pipe is open: before, it would be in the way of the others.
    let last = try #require(Bench.assignments(opened).last)
    #expect(last.id == [4] && last.assignment.layers == 0..<2 && last.assignment.stage == nil)
    guard case .spare("w4", layers: 0..<2)? = Bench.notices(bench.ready([4])).first else {
      Issue.record("nobody is told of the spare")
      return
    }
    let effects = bench.cut([3])
    #expect(Bench.losses(effects).map(\.next) == ["a spare takes its place"])
    let plan = Bench.stages(effects)
    #expect(plan.map(\.id) == [[2], [4]] && plan.map(\.assignment.layers) == [0..<1, 1..<2])
    #expect(Bench.hasRecovered(try bench.serve(effects)))
  }

  @Test("chooses the spare that holds most of the lost blocks", arguments: [2, 3] as [UInt8])
  func fullest(lost: UInt8) throws {
    let memory = StageMemory(Bench.configuration, rowLimit: 512).needed(blocks: 1)
    var bench = Bench(spares: 2)
    var effects = bench.take(.catalogued([[], []])) + bench.take(.loaded)
    for id in 2...5 as ClosedRange<UInt8> { effects += bench.join([id], memory: memory) }
    effects += bench.take(.measured(Bench.edges))
    let opened = try bench.serve(effects)
    // There is room for a stage's slice: each another one's.
    let held = Bench.assignments(opened).suffix(2)
    #expect(held.map(\.id) == [[4], [5]] && held.map(\.assignment.layers) == [0..<1, 1..<2])
    _ = bench.ready([4]) + bench.ready([5])
    let plan = Bench.stages(bench.cut([lost]))
    #expect(plan.map(\.id) == (lost == 2 ? [[4], [3]] : [[2], [5]]))
  }

  @Test("goes on with somebody who joined while others served")
  func latecomer() throws {
    var bench = Bench(means: [.spare])
    _ = try Self.write(&bench)
    let told = Bench.assignments(bench.join([7]))
    #expect(told.map(\.id) == [[7]] && told[0].assignment.layers == 0..<2 && told[0].assignment.stage == nil)
    _ = bench.ready([7])
    let effects = bench.cut([2])
    #expect(Bench.stages(effects).map(\.id) == [[7], [3]])
    #expect(Bench.assignments(effects).filter(\.assignment.keepsCache).map(\.id) == [[3]])
    try Self.expectToGoOn(&bench, effects, .keptBut(0))
  }

  @Test("ends by the name of what was lost where no means is left")
  func noSpare() throws {
    var bench = Bench(means: [.spare])
    _ = try Self.write(&bench)
    #expect(Bench.end(bench.cut([2]))?.contains("worker w2 (blocks 0 to 0) was lost") == true)
  }

  // MARK: Processes

  @Test("has a process started anew, and gives it the blocks that it had")
  func process() throws {
    var bench = Bench(means: [.process, .wait], restarts: true)
    _ = try Self.write(&bench)
    let effects = bench.cut([3])
    #expect(Bench.restarts(effects) == ["w3"])
    #expect(Bench.losses(effects).map(\.next) == ["it is started anew"])
    #expect(Bench.stages(effects).isEmpty)
    // The other one keeps its blocks meanwhile.
    let told = Bench.assignments(effects)
    #expect(told.map(\.id) == [[2]] && told[0].assignment.layers == 0..<1 && told[0].assignment.stage == nil)
    // The session says of the process before that it has ended, which is known.
    #expect(bench.take(.lose(name: "w3", start: 0, reason: "it ended")).isEmpty)
    let again = bench.join([5], name: "w3")
    #expect(Bench.stages(again).map(\.id) == [[2], [5]])
    #expect(Bench.stages(again).map(\.assignment.layers) == [0..<1, 1..<2])
    try Self.expectToGoOn(&bench, again, .keptBut(1))
  }

  @Test("starts a process that comes to nothing a few times, and then shares its blocks")
  func startLimit() throws {
    for ends in [true, false] {
      var bench = Bench(restarts: true)
      _ = try Self.write(&bench)
      var starts = Bench.restarts(bench.cut([3])).count
      #expect(starts == 1)
      var effects: [CoordinatorEffect] = []
      for _ in 0..<10 where Bench.stages(effects).isEmpty {
        // It ends at once, or never says hello.
        if ends { effects += bench.take(.lose(name: "w3", start: starts, reason: "it ended")) }
        effects += bench.wait(ends ? .milliseconds(100) : Recovery.startPatience, [[2]])
        starts = 1 + Bench.restarts(effects).count
      }
      #expect(starts == Recovery.startLimit)
      #expect(Bench.stages(effects).map(\.assignment.layers) == [0..<2])
      try Self.expectToGoOn(&bench, effects)
    }
  }

  @Test("starts nothing anew that is not its own, or where that is not wished for")
  func noProcess() throws {
    for (restarts, means) in [(false, RecoveryMeans.allCases), (true, [.split])] {
      var bench = Bench(means: means, restarts: restarts)
      _ = try Self.write(&bench)
      let effects = bench.cut([3])
      #expect(Bench.restarts(effects).isEmpty && Bench.stages(effects).map(\.id) == [[2]])
    }
  }

  @Test("starts a spare that dies again and again three times")
  func dyingSpare() throws {
    var bench = Bench(workers: 1, spares: 1, restarts: true)
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    let dispatch = try #require(Bench.dispatches(try bench.open()).first)
    var starts = 0
    for number in 0..<5 as Range<UInt8> {
      starts += Bench.restarts(bench.cut([number == 0 ? 3 : 9 + number])).count
      _ = bench.join([10 + number], name: "w3", process: UInt64(number) + 50)
      if number == 2 { _ = bench.comeBack(dispatch.dispatch, number: 1, records: 1) }
    }
    #expect(starts == 3)
  }

  // MARK: Nobody is lost

  @Test("gives who joined a stage when that is faster, and then leaves it at that")
  func improved() throws {
    var bench = Bench(workers: 1)
    _ = try bench.open(credits: 0)
    for id in 1...4 as ClosedRange<UInt64> { _ = bench.take(.submit(RequestID(id), try Self.generation(), ClientID())) }
    _ = bench.join([3])
    _ = bench.ready([3])
    #expect(bench.state.roster[[3]]?.standing == .spare && bench.state.roster[[3]]?.held == 0..<2)
    let effects = bench.wait(.seconds(6), [[2], [3]])
    #expect(Bench.stages(effects).map(\.id) == [[2], [3]])
    #expect(Bench.losses(effects).isEmpty && bench.state.marks.contains(.improved))
    let served = try bench.serve(effects, credits: 0)
    #expect(Bench.notices(served).contains { if case .ready(let stages) = $0 { stages.count == 2 } else { false } })
    #expect(Bench.assignments(bench.wait(.seconds(12), [[2], [3]])).isEmpty)
  }

  @Test("keeps the split that people asked for, unless more come than they asked for")
  func splitByHand() throws {
    var bench = Bench(workers: 3, split: [1, 1])
    _ = try bench.open()
    _ = bench.ready([4])
    #expect(Bench.stages(bench.wait(.seconds(12), [[2], [3], [4]])).isEmpty)
  }

  // MARK: Another split

  @Test("shares the blocks of who is lost among the others, whatever split was wished for at first")
  func split() throws {
    var bench = Bench(means: [.split], split: [1, 1])
    _ = try Self.write(&bench)
    let effects = bench.cut([3])
    #expect(Bench.losses(effects).map(\.next) == ["the others share its blocks (--split was for the first plan)"])
    let plan = Bench.stages(effects)
    #expect(plan.map(\.id) == [[2]] && plan.map(\.assignment.layers) == [0..<2])
    try Self.expectToGoOn(&bench, effects)
  }

  @Test("takes more of the others than were asked for where the blocks do not fit in those")
  func moreFit() throws {
    let memory = StageMemory(Bench.configuration, rowLimit: 512).needed(blocks: 1)
    var bench = Bench(workers: 1, means: [.split])
    _ = try bench.open()
    for id in 3...4 as ClosedRange<UInt8> { _ = bench.join([id], memory: memory) }
    let effects = bench.cut([2])
    #expect(Bench.stages(effects).map(\.id) == [[3], [4]])
  }

  @Test("waits where the others have too little memory")
  func tooSmall() throws {
    let memory = StageMemory(Bench.configuration, rowLimit: 512).needed(blocks: 1)
    var bench = Bench()
    var effects = bench.take(.catalogued([[], []])) + bench.take(.loaded)
    for id in 2...3 as ClosedRange<UInt8> { effects += bench.join([id], memory: memory) }
    _ = try bench.serve(effects + bench.take(.measured(Bench.edges)))
    let lost = bench.cut([3])
    #expect(Bench.end(lost) == nil && Bench.stages(lost).isEmpty)
    let reasons = Bench.notices(lost).compactMap { if case .waiting(let reason) = $0 { reason } else { nil } }
    #expect(reasons.count == 1 && reasons[0].contains("memory") && reasons[0].contains("wait for another worker"))
    #expect(Bench.stages(bench.join([4], memory: memory)).map(\.id) == [[2], [4]])
  }

  // MARK: Waiting

  @Test("waits for another worker, says how to start one, and goes on with it")
  func wait() throws {
    var bench = Bench(means: [.wait])
    _ = try Self.write(&bench)
    let effects = bench.cut([3])
    #expect(Bench.stages(effects).isEmpty && Bench.end(effects) == nil)
    guard case .waiting(let reason)? = Bench.notices(effects).last else {
      Issue.record("\(Bench.notices(effects))")
      return
    }
    #expect(reason.contains("gpt2 worker --coordinator tcp://10.0.0.1:7070 --key k"))
    // It is said once, and nobody is turned away meanwhile.
    let waited = bench.wait(.seconds(15), [[2]])
    #expect(Bench.notices(waited).isEmpty)
    let again = bench.join([5])
    #expect(Bench.stages(again).map(\.id) == [[2], [5]])
    #expect(Bench.stages(again).map(\.assignment.layers) == [0..<1, 1..<2])
    try Self.expectToGoOn(&bench, again, .keptBut(1))
  }

  @Test("ends by the name of what was lost when nobody came in time")
  func waitedInVain() throws {
    var bench = Bench(means: [.wait])
    _ = try Self.write(&bench)
    _ = bench.cut([3])
    let effects = bench.wait(.seconds(21), [[2]])
    #expect(Bench.end(effects)?.contains("worker w3 (blocks 1 to 1) was lost") == true)
    #expect(Bench.goodbyes(effects).map(\.id) == [[2]])
  }

  @Test("makes good a second loss before the first one is")
  func twice() throws {
    var bench = Bench(spares: 1)
    _ = try bench.open()
    _ = bench.ready([4])
    let first = bench.cut([3])
    #expect(Bench.stages(first).map(\.id) == [[2], [4]])
    let second = bench.cut([2])
    #expect(Bench.stages(second).map(\.id) == [[4]] && Bench.stages(second)[0].assignment.layers == 0..<2)
    #expect(Bench.hasRecovered(try bench.serve(second)))
    #expect(bench.state.recovery == nil)
  }

  // MARK: Coming and going

  @Test("lets a stage go when what is in the pipe has come back, and nothing new goes in meanwhile")
  func drain() throws {
    var bench = Bench()
    let dispatch = try Self.write(&bench)
    let asked = bench.say(.goodbye(Goodbye(reason: "")), by: [3])
    #expect(asked.isEmpty)
    #expect(bench.take(.submit(RequestID(2), try Self.generation(), ClientID())).isEmpty)
    #expect(Bench.dispatches(bench.wait(.milliseconds(500), [[2], [3]])).isEmpty)
    _ = bench.comeBack(dispatch, number: 2)
    #expect(Bench.dispatches(Self.choose(8, &bench)).isEmpty)
    let effects = bench.take(.tick)
    #expect(Bench.goodbyes(effects).map(\.id) == [[3]])
    #expect(Bench.goodbyes(effects)[0].goodbye == Goodbye(reason: ""))
    #expect(Bench.losses(effects).map(\.what) == ["worker w3 (blocks 1 to 1) was asked to end"])
    #expect(Bench.stages(effects).map(\.id) == [[2]])
    // The token that it still brought is there.
    let served = try bench.serve(effects)
    #expect(Bench.dispatches(served).flatMap(\.dispatch.tokens).prefix(5) == [1, 2, 3, 7, 8])
  }

  @Test("lets a stage go after a while though the pipe is not empty, and a worker without a stage at once")
  func lateDrain() throws {
    var bench = Bench(spares: 1)
    _ = try Self.write(&bench)
    let spare = bench.say(.goodbye(Goodbye(reason: "")), by: [4])
    #expect(Bench.goodbyes(spare).map(\.id) == [[4]] && Bench.losses(spare).isEmpty)
    _ = bench.say(.goodbye(Goodbye(reason: "")), by: [3])
    #expect(Bench.losses(bench.wait(.seconds(1.5), [[2], [3]])).isEmpty)
    let effects = bench.wait(.seconds(0.8), [[2], [3]])
    #expect(Bench.goodbyes(effects).map(\.id) == [[3]])
    try Self.expectToGoOn(&bench, effects)
  }

  @Test("tells workers that they may come again, where it may itself")
  func comesAgain() throws {
    var bench = Bench(comesAgain: true)
    _ = try bench.open()
    bench.state.end(ClusterError.stopped, reason: "")
    let goodbyes = Bench.goodbyes(bench.take(.tick))
    #expect(goodbyes.allSatisfy { $0.goodbye.joinsAgain && !$0.goodbye.reason.isEmpty })
    #expect(goodbyes.map(\.id) == [[2], [3]])
  }

  @Test("tells a worker that it does not know any more to join again")
  func stranger() throws {
    var bench = Bench()
    _ = try bench.open()
    _ = bench.cut([3])
    let effects = bench.say(.heartbeat(Heartbeat(progress: 1, time: 2, pulse: 0, pulseArrival: 0)), by: [3])
    #expect(Bench.goodbyes(effects).map(\.id) == [[3]] && Bench.goodbyes(effects)[0].goodbye.joinsAgain)
  }

  @Test func `who cannot load this machine's own files before there was a pipe ends the run`() throws {
    for (isShared, hadPipe) in [(true, false), (false, false), (true, true)] {
      var bench = Bench(restarts: isShared)
      _ = hadPipe ? try bench.open() : bench.plan()
      let effects = bench.say(.failure(Failure(reason: "a weight is not finite")), by: [2])
      let end = Bench.end(effects).map { "\($0)" }
      #expect((end == "worker w2 failed: a weight is not finite") == (isShared && !hadPipe), "\(isShared) \(hadPipe)")
    }
  }
}

import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Coordinator

@Suite("A coordinator's state") struct CoordinatorStateTests {
  private typealias Bench = CoordinatorBench

  private static func generation(_ prompt: [Int] = [1, 2, 3], tokens: Int = 2) throws -> Work {
    .generate(
      try Generation(
        GenerationRequest(prompt: prompt, maximumTokens: tokens, endOfTextTokens: []),
        configuration: Bench.configuration, tokenizer: nil))
  }

  @Test("measures its own part when the workers have, and deals the blocks out when all is known")
  func planning() throws {
    var bench = Bench()
    #expect(Bench.assignments(bench.join([2])).isEmpty)
    #expect(Bench.assignments(bench.join([3])).isEmpty)
    #expect(bench.take(.catalogued([[], []])).isEmpty)
    let loaded = bench.take(.loaded)
    #expect(loaded.count == 1)
    guard case .measure? = loaded.first else {
      Issue.record("\(loaded)")
      return
    }
    let planned = Bench.assignments(bench.take(.measured(Bench.edges)))
    #expect(planned.map(\.id) == [[2], [3]])
    #expect(planned.map(\.assignment.layers) == [0..<1, 1..<2])
    let stages = planned.compactMap(\.assignment.stage)
    #expect(stages.map(\.index) == [0, 1] && stages.allSatisfy { $0.count == 2 && $0.slotCount == 4 })
    // What is allowed to come is what memory was counted for.
    #expect(stages.allSatisfy { $0.rowLimit == 512 })
    #expect(stages.map(\.next) == ["tcp://10.0.0.3:7071", "tcp://10.0.0.1:7070"])
    // Both ends of a link know its secret, and nobody else does.
    #expect(stages[0].outgoing.secret == stages[1].incoming.secret)
    #expect(Set(stages.flatMap { [$0.incoming.secret, $0.outgoing.secret] }).count == 3)
  }

  @Test(
    "tells workers how weights are held when they join, and again with their blocks", arguments: WeightType.allCases)
  func weights(blocks: WeightType) throws {
    for choice in WeightTypes.Choice.allCases {
      var bench = Bench(weights: try #require(WeightTypes(choice: choice.rawValue, blocks: blocks.rawValue)))
      let effects = bench.plan()
      let welcomes = effects.compactMap { if case .send(_, _, .welcome(let welcome)) = $0 { welcome } else { nil } }
      #expect(welcomes.map(\.weights) == [choice.rawValue, choice.rawValue])
      #expect(welcomes.map(\.blockWeights) == [blocks.rawValue, blocks.rawValue])
      #expect(Bench.assignments(effects).map(\.assignment.weights) == [choice.rawValue, choice.rawValue])
    }
  }

  @Test("gives workers their blocks by their names, in whatever order they came")
  func order() throws {
    for ids in [[[10], [2]], [[2], [10]]] as [[Roster.ID]] {
      var bench = Bench()
      _ = bench.take(.catalogued([[], []])) + bench.take(.loaded)
      for id in ids { _ = bench.join(id) }
      let planned = Bench.stages(bench.take(.measured(Bench.edges)))
      #expect(planned.map(\.id) == [[2], [10]] && planned.map(\.assignment.layers) == [0..<1, 1..<2])
    }
  }

  @Test("lets requests wait until there is a pipe, and sends as much as there is credit for")
  func requests() throws {
    var bench = Bench()
    for id in 1...3 as ClosedRange<UInt64> {
      #expect(bench.take(.submit(RequestID(id), try Self.generation(), ClientID())).isEmpty)
    }
    let effects = try bench.open(credits: 2)
    #expect(effects.contains { if case .open = $0 { true } else { false } })
    let first = Bench.dispatches(effects)
    // As many rows as fit into the micro-batches of 8 that two credits allow.
    #expect(first.map(\.header.number) == [1, 2] && first.map(\.dispatch.sequence) == [0, 1])
    #expect(first.allSatisfy { $0.header.epoch == bench.state.roster.epoch && $0.dispatch.tokens.count <= 8 })
    #expect(Bench.dispatches(bench.take(.tick, after: .milliseconds(50))).isEmpty)
    // One that is not taken is told at once.
    for id in 4...20 as ClosedRange<UInt64> {
      _ = bench.take(.submit(RequestID(id), try Self.generation(), ClientID()))
    }
    let refused = bench.take(.submit(RequestID(99), try Self.generation(), ClientID()))
    guard case .complete(RequestID(99), let error?)? = refused.first else {
      Issue.record("\(refused)")
      return
    }
    #expect(error as? AdmissionError == .tooManyWaiting(limit: 16))
  }

  @Test("makes tokens of what comes back, sends the next ones before it hands these out, and ends a request once")
  func tokens() throws {
    var bench = Bench()
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    let (dispatch, _) = try #require(Bench.dispatches(try bench.open()).first)
    #expect(dispatch.tokens == [1, 2, 3])
    let back = bench.comeBack(dispatch, number: 1)
    guard case .finish(let job)? = back.last else {
      Issue.record("\(back)")
      return
    }
    #expect(job.sequence == 0 && job.rowCount == 3 && job.arrivals.map(\.rows) == [2..<3])
    func outcome(_ token: Int) -> CoordinatorEvent {
      .finished([RowOutcome(request: RequestID(1), value: .token(SampledToken(token: token, logProbability: -1)))])
    }
    let effects = bench.take(outcome(7))
    guard effects.count == 2, case .embed(let next, _) = effects[0],
      case .deliver(RequestID(1), .token(let update)) = effects[1]
    else {
      Issue.record("\(effects)")
      return
    }
    #expect(next.tokens == [7] && update.token.token == 7)
    guard case .finish? = bench.comeBack(next, number: 2).last else {
      Issue.record("no second token")
      return
    }
    let last = bench.take(outcome(8))
    // The slot is given back by a micro-batch of its own.
    #expect(Bench.dispatches(last).map(\.dispatch.tokens) == [[]])
    #expect(last.count { if case .complete(RequestID(1), nil) = $0 { true } else { false } } == 1)
  }

  @Test("blames values that are no numbers on the stage that made them, and fails the request by name")
  func notFinite() throws {
    var bench = Bench()
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    let (dispatch, _) = try #require(Bench.dispatches(try bench.open()).first)
    _ = bench.comeBack(dispatch, number: 1, isFinite: false)
    let effects = bench.take(.finished([RowOutcome(request: RequestID(1), value: .failed(.notFinite(position: 2)))]))
    let errors = effects.compactMap { if case .complete(_, let error?) = $0 { "\(error)" } else { nil } }
    #expect(errors.count == 1 && errors[0].contains("worker w3") && errors[0].contains("position 2"))
    #expect(Bench.end(effects) == nil)
  }

  enum Forgery: CaseIterable { case otherSequence, otherRows, otherRecords, unreadable, tooManyFrames }

  @Test("ends by the last stage's name when it sends what it must not", arguments: Forgery.allCases)
  func forged(forgery: Forgery) throws {
    var bench = Bench(means: [])
    let effects = try Self.forge(forgery, &bench)
    let end = try #require(Bench.end(effects))
    #expect(end.hasPrefix("worker w3 broke the protocol"))
    // Everybody is sent home, with the reason.
    let goodbyes = Bench.goodbyes(effects)
    #expect(goodbyes.map(\.id) == [[2], [3]])
    #expect(goodbyes.allSatisfy { $0.goodbye == Goodbye(reason: end) })
    #expect(bench.take(.tick, after: .seconds(9)).isEmpty, "something is wanted after the end")
  }

  @Test("gives up the last stage by name when it sends what it must not, and goes on", arguments: Forgery.allCases)
  func forgedAndGivenUp(forgery: Forgery) throws {
    var bench = Bench()
    let effects = try Self.forge(forgery, &bench)
    #expect(Bench.end(effects) == nil)
    let goodbyes = Bench.goodbyes(effects)
    // It would do so again.
    #expect(goodbyes.map(\.id) == [[3]] && !goodbyes[0].goodbye.joinsAgain)
    #expect(goodbyes[0].goodbye.reason.hasPrefix("worker w3 broke the protocol"))
    #expect(Bench.losses(effects).map(\.what) == [goodbyes[0].goodbye.reason])
    let again = try bench.serve(effects)
    #expect(Bench.dispatches(again).map(\.dispatch.tokens) == [[1, 2, 3]])
  }

  private static func forge(_ forgery: Forgery, _ bench: inout Bench) throws -> [CoordinatorEffect] {
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    let (dispatch, _) = try #require(Bench.dispatches(try bench.open()).first)
    var other = dispatch
    other.sequence = 5
    return switch forgery {
    case .otherSequence: bench.comeBack(other, number: 1)
    case .otherRows:
      bench.comeBack(dispatch, number: 1, microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 2)]))
    case .otherRecords: bench.comeBack(dispatch, number: 1, records: 1)
    case .unreadable: bench.take(.unreadable(.notOurs(magic: [1, 2, 3, 4]), from: Peer(bench.tail)))
    case .tooManyFrames: bench.take(.misshapen(reason: "", from: Peer(bench.tail)))
    }
  }

  @Test("blames a gap on the last stage's link, and nobody for it", arguments: [[], RecoveryMeans.allCases])
  func gap(means: [RecoveryMeans]) throws {
    var bench = Bench(means: means)
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    let (dispatch, _) = try #require(Bench.dispatches(try bench.open()).first)
    let effects = bench.comeBack(dispatch, number: 3)
    let text = "the link from stage 2 (w3) to the coordinator was lost: stage 2 (w3) sent message 3, but message 1"
    guard means.isEmpty else {
      #expect(Bench.losses(effects).first?.what.hasPrefix(text) == true && Bench.goodbyes(effects).isEmpty)
      #expect(Bench.stages(effects).map(\.id) == [[2], [3]])
      return
    }
    #expect(Bench.end(effects)?.hasPrefix(text) == true)
  }

  @Test("drops what strangers say, answers nothing of another epoch, and refuses programs of another version")
  func strangers() throws {
    var bench = Bench()
    _ = bench.plan()
    let stranger = Peer([8], Caller(host: "10.0.0.8"))
    func open(_ epoch: Epoch, _ secret: [UInt8]) -> CoordinatorEvent {
      .message(Header(epoch: epoch, number: 0), .open(Open(stage: 1, secret: secret)), payload: nil, from: stranger)
    }
    let epoch = bench.state.roster.epoch
    #expect(bench.take(open(epoch.next, Array(0..<32))).isEmpty)
    for event in [
      open(epoch, Array(0..<32)), .unreadable(.notOurs(magic: [0, 0, 0, 0]), from: stranger),
      .misshapen(reason: "sent a message without a header", from: stranger),
    ] {
      let notices = Bench.notices(bench.take(event))
      guard notices.count == 1, case .ignored("10.0.0.8", _) = notices[0] else {
        Issue.record("\(notices)")
        continue
      }
    }
    let refusals = bench.take(.unreadable(.otherVersion(found: 2, expected: 3), from: stranger))
    guard case .send([8], _, .refusal(let refusal))? = refusals.first else {
      Issue.record("\(refusals)")
      return
    }
    #expect(refusal.reason.contains("version 2"))
  }

  @Test("waits for another in the place of a worker that goes before there is work, though no loss is made good")
  func leavingEarly() throws {
    for asks in [false, true] {
      var bench = Bench(means: [])
      _ = bench.plan()
      let first = bench.state.roster.epoch
      let effects = asks ? bench.say(.goodbye(Goodbye(reason: "")), by: [3]) : bench.cut([3])
      #expect(Bench.end(effects) == nil && first.isBefore(bench.state.roster.epoch))
      #expect(Bench.goodbyes(effects).map(\.id) == (asks ? [[3]] : []))
      // The other one holds on to its blocks, and is no stage.
      let told = Bench.assignments(effects)
      try #require(told.map(\.id) == [[2]])
      #expect(told[0].assignment.layers == 0..<1 && told[0].assignment.stage == nil)
      // A worker that has not heard yet.
      #expect(
        bench.say(.ready(Ready(bytesRead: 0, bytesReceived: 0, bytesCached: 0, nanoseconds: 0)), by: [2], epoch: first)
          .isEmpty)
      let again = Bench.assignments(bench.join([4]))
      #expect(again.map(\.id) == [[2], [4]] && again.map(\.assignment.layers) == [0..<1, 1..<2])
    }
    // Nobody comes for workers of the session's own.
    var own = Bench(means: [], restarts: true)
    _ = own.plan()
    #expect(Bench.end(own.cut([3]))?.contains("worker w3 (blocks 1 to 1) was lost") == true)
  }

  @Test("makes another plan without a worker that is lost before there is work")
  func lostEarly() throws {
    var bench = Bench()
    _ = bench.plan()
    let effects = bench.cut([3])
    let plan = Bench.stages(effects)
    #expect(plan.map(\.id) == [[2]] && plan.map(\.assignment.layers) == [0..<2])
    #expect(Bench.hasRecovered(try bench.serve(effects)))
  }

  @Test("says who is missing when too few have come in time, and how to start the others")
  func tooFew() throws {
    var bench = Bench()
    _ = bench.take(.catalogued([[], []])) + bench.take(.loaded) + bench.join([2])
    var end: String?
    for _ in 0..<200 where end == nil {
      _ = bench.say(.heartbeat(Heartbeat(progress: 1, time: 2, pulse: 0, pulseArrival: 0)), by: [2])
      end = Bench.end(bench.take(.tick, after: .milliseconds(150)))
    }
    let text = try #require(end)
    #expect(text.contains("1 of 2 workers joined within 20 s (w2)"))
    #expect(text.contains("gpt2 worker --coordinator tcp://10.0.0.1:7070 --key k"))
  }

  @Test("gives a link that was cut a moment, in which it mostly learns which worker is gone")
  func cut() throws {
    for isWorkerGone in [true, false] {
      var bench = Bench(means: [])
      _ = try bench.open()
      let notices = Bench.notices(bench.take(.firstDisconnected))
      #expect(notices.count == 1)
      #expect(Bench.end(bench.take(.tick, after: .milliseconds(200))) == nil)
      let effects = isWorkerGone ? bench.cut([2]) : bench.take(.tick, after: .milliseconds(200))
      let end = try #require(Bench.end(effects))
      #expect(
        isWorkerGone
          ? end.contains("worker w2 (blocks 0 to 0) was lost") : end.contains("from the coordinator to stage 1 (w2)"))

      var lasting = Bench()
      _ = try lasting.open()
      #expect(lasting.take(.firstDisconnected).isEmpty)
      #expect(Bench.losses(lasting.take(.tick, after: .milliseconds(200))).isEmpty)
      let after = isWorkerGone ? lasting.cut([2]) : lasting.take(.tick, after: .milliseconds(200))
      #expect(Bench.losses(after).map(\.what).first.map { end.hasPrefix($0) } == true)
      // Who is there stays.
      #expect(Bench.stages(after).map(\.id) == (isWorkerGone ? [[3]] : [[2], [3]]))
    }
  }

  @Test(
    "asks the system before it takes a stage's silence on its link for one", arguments: [[], RecoveryMeans.allCases])
  func silence(means: [RecoveryMeans]) throws {
    var bench = Bench(means: means)
    _ = try bench.open()
    var asked = 0
    for _ in 0..<20 {
      for id in [[2], [3]] as [Roster.ID] {
        _ = bench.say(.heartbeat(Heartbeat(progress: 1, time: 2, pulse: 0, pulseArrival: 0)), by: id)
      }
      let effects = bench.take(.tick, after: .milliseconds(210))
      for case .askQuiet(let side, _, _) in effects {
        asked += 1
        #expect(side == .outgoing)
        // Bytes of a large message have just come.
        #expect(bench.take(.quiet(side, .milliseconds(3))).isEmpty)
      }
    }
    #expect(asked > 3)
    let effects = bench.take(.quiet(.outgoing, .seconds(2)))
    let text = means.isEmpty ? Bench.end(effects) : Bench.losses(effects).first?.what
    #expect(text?.contains("stage 1 (w2) was not heard for 2 s") == true)
    #expect(Bench.stages(effects).map(\.id) == (means.isEmpty ? [] : [[2], [3]]))
  }

  @Test("forgives workers and micro-batches a halt of its own")
  func halt() throws {
    var bench = Bench()
    _ = try bench.open()
    // The machine slept for an hour.
    #expect(Bench.end(bench.take(.tick, after: .seconds(3600))) == nil)
    for _ in 0..<5 { #expect(Bench.end(bench.take(.tick, after: .milliseconds(150))) == nil) }
  }
}

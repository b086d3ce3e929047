import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Coordinator

@Suite("A coordinator's state") struct CoordinatorStateTests {
  /// A state and the time; two workers of one model with two blocks.
  private struct Bench {
    var state: CoordinatorState
    var now: Instant = .seconds(1)
    private var numbers: [Roster.ID: UInt64] = [:]
    static let configuration = Configuration(
      layerCount: 2, headCount: 1, width: 4, positionCount: 64, innerWidth: 8, vocabularySize: 97)
    static let secret = LinkTerms(secret: Array(0..<32))

    init(workers: Int = 2, waitingLimit: Int = 16) {
      state = CoordinatorState(
        CoordinatorSettings(
          configuration: Self.configuration, listening: "tcp://10.0.0.1:7070", workerCount: workers,
          sharesFiles: false, wishes: ClusterPlan.Wishes(microBatchRows: 8, slotCount: 4), waitingLimit: waitingLimit,
          patience: .seconds(20), workerFlags: " --key k", key: nil, host: "here", cores: 4, threads: 1),
        statistics: StatisticsBox(timelineLimit: 0), allowed: nil, random: SeededNumbers(1), now: .seconds(1))
    }

    /// Takes an event and says what is wanted.
    mutating func take(_ event: CoordinatorEvent, after time: Duration = .zero) -> [CoordinatorEffect] {
      now += time
      state.handle(event, at: now)
      var effects: [CoordinatorEffect] = []
      while let effect = state.nextEffect() { effects.append(effect) }
      return effects
    }

    mutating func say(_ message: Message, by id: Roster.ID, epoch: Epoch? = nil) -> [CoordinatorEffect] {
      defer { numbers[id, default: 0] += 1 }
      let header = Header(epoch: epoch ?? state.roster.epoch, number: numbers[id, default: 0])
      return take(
        .message(
          header, message, payload: nil,
          from: Peer(
            id, Caller(connection: ConnectionNumber(UInt64(id[0])), host: "10.0.0.\(id[0])", isElsewhere: true))))
    }

    mutating func join(_ id: Roster.ID) -> [CoordinatorEffect] {
      let hello = Hello(
        name: "w\(id[0])", incarnation: 1, programVersion: ProgramVersion.current, kernels: "avx2", threads: 1,
        memory: 1 << 30, cores: 4, host: "h\(id[0])", address: "tcp://10.0.0.\(id[0]):7071", folder: "",
        configuration: [])
      return say(.hello(hello), by: id)
        + say(.measurement(Measurement(points: [BlockTime(rows: 1, seconds: 0.001)])), by: id)
    }

    static let edges = {
      let curve = TimeCurve([BlockTime(rows: 1, seconds: 1e-4)])!
      return EdgeCosts(edges: curve, head: curve, headBytes: 1e6)
    }()

    /// Until every stage has its assignment.
    mutating func plan() -> [CoordinatorEffect] {
      var effects = take(.catalogued([[], []])) + take(.loaded)
      for id in [[2], [3]] as [Roster.ID] { effects += join(id) }
      return effects + take(.measured(Self.edges))
    }

    /// Until the pipe is open, with credit for so many passes.
    mutating func open(credits: Int = 4) throws -> [CoordinatorEffect] {
      var effects = plan()
      for id in [[2], [3]] as [Roster.ID] {
        effects += say(.ready(Ready(bytesRead: 1, bytesReceived: 2, bytesCached: 3, nanoseconds: 4)), by: id)
      }
      let terms = try #require(Self.assignments(effects).last?.assignment.stage?.outgoing)
      effects += take(
        .message(
          Header(epoch: state.roster.epoch, number: 0), .open(Open(stage: 1, secret: terms.secret)), payload: nil,
          from: Peer([9])))
      return effects + credit(credits, number: 0)
    }

    mutating func credit(_ passes: Int, number: UInt64) -> [CoordinatorEffect] {
      take(.first(Header(epoch: state.roster.epoch, number: number), .credit(Credit(passes: passes))))
    }

    /// The pass of a dispatch comes out of the last stage.
    mutating func comeBack(
      _ dispatch: Dispatch, number: UInt64, isFinite: Bool = true, records: Int = 2, microBatch: MicroBatch? = nil
    ) -> [CoordinatorEffect] {
      let record = StageRecord(
        received: 1, computed: 2, waited: 0, sent: 0, isFiniteReceived: true, isFiniteComputed: isFinite)
      var all = Array(repeating: StageRecord(received: 1, computed: 2, waited: 0, sent: 0), count: records)
      if !all.isEmpty { all[all.count - 1] = record }
      let pass = Pass(microBatch: microBatch ?? dispatch.microBatch, width: 4, records: all)
      return take(
        .message(
          Header(epoch: state.roster.epoch, number: number, sequence: dispatch.sequence), .pass(pass),
          payload: Payload(byteCount: pass.payloadByteCount(into: 3), isFinite: isFinite), from: Peer([9])))
    }

    static func assignments(_ effects: [CoordinatorEffect]) -> [(id: Roster.ID, assignment: Assignment)] {
      effects.compactMap { if case .send(let id, _, .assignment(let one)) = $0 { (id, one) } else { nil } }
    }

    static func dispatches(_ effects: [CoordinatorEffect]) -> [(dispatch: Dispatch, header: Header)] {
      effects.compactMap { if case .embed(let dispatch, let header) = $0 { (dispatch, header) } else { nil } }
    }

    static func end(_ effects: [CoordinatorEffect]) -> String? {
      effects.compactMap { if case .end(let error) = $0 { "\(error)" } else { nil } }.first
    }

    static func notices(_ effects: [CoordinatorEffect]) -> [EngineNotice] {
      effects.compactMap { if case .notify(let notice) = $0 { notice } else { nil } }
    }
  }

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

  enum Forgery: CaseIterable { case otherSequence, otherRows, otherRecords, noCredit, unreadable, tooManyFrames }

  @Test("ends by the last stage's name when it sends what it must not", arguments: Forgery.allCases)
  func forged(forgery: Forgery) throws {
    var bench = Bench()
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    let (dispatch, _) = try #require(Bench.dispatches(try bench.open()).first)
    var other = dispatch
    other.sequence = 5
    let effects =
      switch forgery {
      case .otherSequence: bench.comeBack(other, number: 1)
      case .otherRows:
        bench.comeBack(dispatch, number: 1, microBatch: MicroBatch([Segment(slot: 0, start: 0, count: 2)]))
      case .otherRecords: bench.comeBack(dispatch, number: 1, records: 1)
      case .noCredit: bench.comeBack(dispatch, number: 3)
      case .unreadable: bench.take(.unreadable(.notOurs(magic: [1, 2, 3, 4]), from: Peer([9])))
      case .tooManyFrames: bench.take(.misshapen(reason: "", from: Peer([9])))
      }
    let end = try #require(Bench.end(effects))
    #expect(end.hasPrefix("worker w3 broke the protocol"))
    // Everybody is sent home, with the reason.
    let goodbyes = effects.compactMap {
      if case .send(let id, _, .goodbye(let goodbye)) = $0 { (id, goodbye) } else { nil }
    }
    #expect(goodbyes.map(\.0) == [[2], [3]] && goodbyes.allSatisfy { $0.1.reason == end })
    #expect(bench.take(.tick, after: .seconds(9)).isEmpty, "something is wanted after the end")
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

  @Test("goes on without a worker that leaves before the pipe is open, with the next plan's number")
  func leaving() throws {
    var bench = Bench()
    _ = bench.plan()
    let first = bench.state.roster.epoch
    let effects = bench.take(.disconnected(ConnectionNumber(3)))
    #expect(Bench.end(effects) == nil && first.isBefore(bench.state.roster.epoch))
    // The other one holds on to its blocks, and is no stage.
    let told = Bench.assignments(effects)
    #expect(told.map(\.id) == [[2]] && told[0].assignment.layers == 0..<1 && told[0].assignment.stage == nil)
    // A worker that has not heard yet.
    #expect(
      bench.say(.ready(Ready(bytesRead: 0, bytesReceived: 0, bytesCached: 0, nanoseconds: 0)), by: [2], epoch: first)
        .isEmpty)
    let again = Bench.assignments(bench.join([4]))
    #expect(again.map(\.id) == [[2], [4]] && again.map(\.assignment.layers) == [0..<1, 1..<2])
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
      var bench = Bench()
      _ = try bench.open()
      let notices = Bench.notices(bench.take(.firstDisconnected))
      #expect(notices.count == 1)
      #expect(Bench.end(bench.take(.tick, after: .milliseconds(200))) == nil)
      let effects =
        isWorkerGone
        ? bench.take(.disconnected(ConnectionNumber(2))) : bench.take(.tick, after: .milliseconds(200))
      let end = try #require(Bench.end(effects))
      #expect(
        isWorkerGone
          ? end.contains("worker w2 (blocks 0 to 0) was lost") : end.contains("from the coordinator to stage 1 (w2)"))
    }
  }

  @Test("asks the system before it takes a stage's silence on its link for one")
  func silence() throws {
    var bench = Bench()
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
    let end = Bench.end(bench.take(.quiet(.outgoing, .seconds(2))))
    #expect(end?.contains("stage 1 (w2) was not heard for 2 s") == true)
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

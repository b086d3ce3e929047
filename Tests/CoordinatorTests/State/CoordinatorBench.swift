import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Coordinator

/// A state and the time; two workers of one model with two blocks.
struct CoordinatorBench {
  var state: CoordinatorState
  var now: Instant = .seconds(1)
  private var numbers: [Roster.ID: UInt64] = [:]
  /// Of the last stage's link, another one in each plan.
  private(set) var tail: Roster.ID = [100]
  static let configuration = Configuration(
    layerCount: 2, headCount: 1, width: 4, positionCount: 64, innerWidth: 8, vocabularySize: 97)
  static let secret = LinkTerms(secret: Array(0..<32))

  /// - Parameter restarts: whether workers are the session's own, and can be started anew.
  init(
    workers: Int = 2, spares: Int = 0, means: [RecoveryMeans] = RecoveryMeans.allCases, restarts: Bool = false,
    split: [Int]? = nil, comesAgain: Bool = false, waitingLimit: Int = 16, weights: WeightTypes = WeightTypes()
  ) {
    var configuration = Self.configuration
    configuration.weights = weights
    state = CoordinatorState(
      CoordinatorSettings(
        configuration: configuration, listening: "tcp://10.0.0.1:7070", workerCount: workers, spares: spares,
        means: means, restarts: restarts, sharesFiles: restarts,
        wishes: ClusterPlan.Wishes(split: split, microBatchRows: 8, slotCount: 4), waitingLimit: waitingLimit,
        patience: .seconds(20), workerFlags: " --key k", comesAgain: comesAgain, key: nil, host: "here", cores: 4,
        threads: 1),
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

  /// Says hello and measures. Without another name it is w and the number; so is its process.
  mutating func join(_ id: Roster.ID, name: String? = nil, process: UInt64? = nil, memory: Int = 1 << 30)
    -> [CoordinatorEffect]
  {
    let hello = Hello(
      name: name ?? "w\(id[0])", incarnation: 1, process: process ?? UInt64(id[0]),
      programVersion: ProgramVersion.current, kernels: "avx2", threads: 1, memory: memory, cores: 4,
      host: "h\(id[0])", address: "tcp://10.0.0.\(id[0]):7071", folder: "", configuration: [])
    return say(.hello(hello), by: id)
      + say(.measurement(Measurement(points: [BlockTime(rows: 1, seconds: 0.001)])), by: id)
  }

  static let edges = {
    let curve = TimeCurve([BlockTime(rows: 1, seconds: 1e-4)])!
    return EdgeCosts(edges: curve, head: curve, headBytes: 1e6)
  }()

  /// Until every stage has its assignment: of w2, w3 and so on.
  mutating func plan() -> [CoordinatorEffect] {
    var effects = take(.catalogued([[], []])) + take(.loaded)
    for number in 0..<UInt8(state.settings.expected) { effects += join([2 + number]) }
    return effects + take(.measured(Self.edges))
  }

  /// Until the pipe is open, with credit for so many passes.
  mutating func open(credits: Int = 4) throws -> [CoordinatorEffect] {
    let effects = plan()
    return effects + (try serve(effects, credits: credits))
  }

  /// Every stage of the plan that these effects tell of is ready, and the pipe is open.
  mutating func serve(_ planned: [CoordinatorEffect], credits: Int = 4) throws -> [CoordinatorEffect] {
    var effects: [CoordinatorEffect] = []
    let stages = Self.stages(planned)
    for (id, _) in stages { effects += ready(id) }
    let terms = try #require(stages.last?.assignment.stage?.outgoing)
    tail = [tail[0] + 1]
    effects += take(
      .message(
        Header(epoch: state.roster.epoch, number: 0), .open(Open(stage: stages.count - 1, secret: terms.secret)),
        payload: nil, from: Peer(tail)))
    return effects + credit(credits, number: 0)
  }

  mutating func ready(_ id: Roster.ID) -> [CoordinatorEffect] {
    say(.ready(Ready(bytesRead: 1, bytesReceived: 2, bytesCached: 3, nanoseconds: 4)), by: id)
  }

  /// Time passes while these are heard of, until they are sent away.
  mutating func wait(_ time: Duration, _ ids: [Roster.ID], taken: UInt64 = 0, passed: UInt64 = 0)
    -> [CoordinatorEffect]
  {
    var effects: [CoordinatorEffect] = []
    let end = now + time
    while now < end {
      for id in ids where !Self.goodbyes(effects).contains(where: { $0.id == id }) {
        effects += say(
          .heartbeat(Heartbeat(progress: 1, time: 2, pulse: 0, pulseArrival: 0, taken: taken, passed: passed)), by: id)
      }
      effects += take(.tick, after: .milliseconds(100))
    }
    return effects
  }

  /// A worker's connection ends.
  mutating func cut(_ id: Roster.ID) -> [CoordinatorEffect] {
    take(.disconnected(ConnectionNumber(UInt64(id[0]))))
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
    let pass = Pass(
      microBatch: microBatch ?? dispatch.microBatch, width: 4, refill: dispatch.refill, records: all)
    return take(
      .message(
        Header(epoch: state.roster.epoch, number: number, sequence: dispatch.sequence), .pass(pass),
        payload: Payload(byteCount: pass.payloadByteCount(into: 99), isFinite: isFinite), from: Peer(tail)))
  }

  static func assignments(_ effects: [CoordinatorEffect]) -> [(id: Roster.ID, assignment: Assignment)] {
    effects.compactMap { if case .send(let id, _, .assignment(let one)) = $0 { (id, one) } else { nil } }
  }

  /// The stages of the last plan that these tell of, in their order.
  static func stages(_ effects: [CoordinatorEffect]) -> [(id: Roster.ID, assignment: Assignment)] {
    let staged = assignments(effects).filter { $0.assignment.stage != nil }
    guard let first = staged.lastIndex(where: { $0.assignment.stage?.index == 0 }) else { return [] }
    return Array(staged[first...])
  }

  static func goodbyes(_ effects: [CoordinatorEffect]) -> [(id: Roster.ID, goodbye: Goodbye)] {
    effects.compactMap { if case .send(let id, _, .goodbye(let goodbye)) = $0 { (id, goodbye) } else { nil } }
  }

  /// What was lost, and what is done about it.
  static func losses(_ effects: [CoordinatorEffect]) -> [(what: String, next: String)] {
    notices(effects).compactMap { if case .lost(let what, let next) = $0 { (what, next) } else { nil } }
  }

  static func restarts(_ effects: [CoordinatorEffect]) -> [String] {
    effects.compactMap { if case .restart(let name) = $0 { name } else { nil } }
  }

  static func hasRecovered(_ effects: [CoordinatorEffect]) -> Bool {
    notices(effects).contains { if case .recovered = $0 { true } else { false } }
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

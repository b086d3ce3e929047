import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import ZeroMQ

@testable import Worker

/// A state and the time.
struct WorkerBench {
  static let epoch = Epoch(coordinator: 77, plan: 1)
  static let configuration = Configuration(
    layerCount: 4, headCount: 1, width: 4, positionCount: 64, innerWidth: 8, vocabularySize: 97)
  static func welcome(weights: String = "auto", blocks: String = "f32") -> Welcome {
    Welcome(configuration: configuration.json, weights: weights, blockWeights: blocks, measures: true)
  }
  static let terms = LinkTerms(secret: Array(0..<32))

  var state: WorkerState
  var now: Instant = .seconds(1)
  /// What the next message of the coordinator is numbered.
  var number: UInt64 = 0

  init(patience: Duration = .seconds(20), isPatient: Bool = false) {
    state = WorkerState(
      WorkerSettings(
        coordinator: "tcp://10.0.0.1:7070",
        hello: Hello(
          name: "attic", incarnation: 0, process: 99, programVersion: "1", kernels: "avx2", threads: 1, memory: 1 << 30,
          cores: 1,
          host: "h", address: "tcp://10.0.0.2:7071", folder: "", configuration: []), isPatient: isPatient,
        patience: patience),
      random: SeededNumbers(1), now: .seconds(1))
  }

  mutating func take(_ event: WorkerEvent, after time: Duration = .zero) -> [WorkerEffect] {
    now += time
    state.handle(event, at: now)
    var effects: [WorkerEffect] = []
    while let effect = state.nextEffect() { effects.append(effect) }
    return effects
  }

  mutating func hear(_ message: Message, epoch: Epoch = Self.epoch) -> [WorkerEffect] {
    defer { number += 1 }
    return take(.coordinator(Header(epoch: epoch, number: number), message))
  }

  /// Time passes while the coordinator and both neighbours are heard.
  mutating func wait(_ time: Duration) -> [WorkerEffect] {
    var effects: [WorkerEffect] = []
    let end = now + time
    while now < end { effects += hear(.pulse(Pulse(time: 5))) + take(.tick, after: .milliseconds(100)) }
    return effects
  }

  mutating func join(_ welcome: Welcome = welcome()) -> [WorkerEffect] {
    number = 0
    return take(.tick) + hear(.welcome(welcome))
      + take(.measured([BlockTime(rows: 1, seconds: 0.1)]))
  }

  mutating func assign(
    index: Int = 1, count: Int = 3, layers: LayerRange = 1..<3, weights: String = "auto", epoch: Epoch = Self.epoch
  ) -> [WorkerEffect] {
    hear(
      .assignment(
        Assignment(
          layers: layers, weights: weights, sharesFiles: true, tensors: [],
          stage: StageAssignment(
            index: index, count: count, slotCount: 2, rowLimit: 8, credits: 4, next: "tcp://10.0.0.3:7071",
            incoming: Self.terms, outgoing: LinkTerms(secret: Array(1..<33)), patience: 1_000_000_000))), epoch: epoch)
  }

  /// Until it serves, with credit for so many passes.
  mutating func serve(credits: Int = 2) -> [WorkerEffect] {
    join() + assign() + take(.holds(bytesRead: 1, bytesReceived: 2, bytesCached: 3)) + openIncoming()
      + take(.next(Header(epoch: Self.epoch, number: 0), .credit(Credit(passes: credits))))
  }

  mutating func openIncoming() -> [WorkerEffect] {
    take(
      .message(
        Header(epoch: Self.epoch, number: 0), .open(Open(stage: 0, secret: Self.terms.secret)), payload: nil,
        from: Peer([5], Caller(connection: ConnectionNumber(1)))))
  }

  mutating func pass(_ number: UInt64, rows: Int = 2, width: Int = 4) -> [WorkerEffect] {
    let pass = Pass(microBatch: MicroBatch([Segment(slot: 0, start: 0, count: rows)]), width: width, records: [])
    return take(
      .message(
        Header(epoch: Self.epoch, number: number, sequence: number + 40), .pass(pass),
        payload: pass.payloadByteCount(into: 1),
        from: Peer([5])))
  }

  static func told(_ effects: [WorkerEffect]) -> [(header: Header, message: Message)] {
    effects.compactMap { if case .tell(let header, let message) = $0 { (header, message) } else { nil } }
  }

  static func passes(_ effects: [WorkerEffect]) -> [(header: Header, pass: Pass)] {
    effects.compactMap { if case .passOn(let header, let pass, _) = $0 { (header, pass) } else { nil } }
  }

  static func failures(_ effects: [WorkerEffect]) -> [Failure] {
    told(effects).compactMap { if case .failure(let failure) = $0.message { failure } else { nil } }
  }

  static func end(_ effects: [WorkerEffect]) -> String? {
    effects.compactMap { if case .end(let error) = $0 { error.map { "\($0)" } ?? "well" } else { nil } }.first
  }
}

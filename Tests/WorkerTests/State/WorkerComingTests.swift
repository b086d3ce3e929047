import GPT2
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Worker

@Suite("A worker that comes again or goes") struct WorkerComingTests {
  private typealias Bench = WorkerBench

  private static func hellos(_ effects: [WorkerEffect]) -> [Hello] {
    Bench.told(effects).compactMap { if case .hello(let hello) = $0.message { hello } else { nil } }
  }

  /// It dials anew under another name, and says hello as another incarnation of the same process; it is no stage and keeps its
  /// blocks.
  private static func expectToJoinAgain(
    _ bench: inout Bench, _ effects: [WorkerEffect], since incarnation: UInt64, reason: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let effects = effects + bench.take(.tick)
    #expect(Bench.end(effects) == nil, sourceLocation: sourceLocation)
    let reasons = effects.compactMap { if case .notify(.joiningAgain(let reason)) = $0 { reason } else { nil } }
    #expect(reasons.count == 1 && reasons[0].contains(reason), "\(reasons)", sourceLocation: sourceLocation)
    let names = effects.compactMap { if case .dialCoordinatorAgain(let name) = $0 { name } else { nil } }
    #expect(names == [bench.state.control.routingName], sourceLocation: sourceLocation)
    let hello = hellos(effects).last
    #expect(hello?.process == 99 && hello?.incarnation != incarnation, sourceLocation: sourceLocation)
    #expect(Bench.told(effects).last?.header == Header(number: 0), sourceLocation: sourceLocation)
    #expect(bench.state.links == nil, sourceLocation: sourceLocation)
    #expect(!effects.contains { if case .hold = $0 { true } else { false } }, sourceLocation: sourceLocation)
    // Another coordinator counts from wherever it is.
    bench.number = 5
    _ = bench.join() + bench.assign() + bench.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0))
    #expect(bench.state.links != nil, sourceLocation: sourceLocation)
  }

  @Test("joins again when it was given up, from wherever it was", arguments: 0...3)
  func givenUp(place: Int) {
    var bench = Bench()
    switch place {
    case 0: _ = bench.join()
    case 1: _ = bench.join() + bench.assign()
    case 2: _ = bench.join() + bench.assign() + bench.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0))
    default: _ = bench.serve()
    }
    let incarnation = bench.state.control.incarnation
    let effects = bench.hear(.goodbye(Goodbye(reason: "nothing heard of it for 2 s", joinsAgain: true)))
    Self.expectToJoinAgain(&bench, effects, since: incarnation, reason: "nothing heard of it")
  }

  @Test("holds its blocks anew where another coordinator holds them as another type")
  func otherWeights() {
    var bench = Bench(isPatient: true)
    _ = bench.serve() + bench.take(.coordinatorDisconnected)
    let effects = bench.join(Bench.welcome(weights: "int8", blocks: "int8")) + bench.assign(weights: "int8")
    let held = effects.compactMap { if case .hold(_, let shape) = $0 { shape.weights.choice } else { nil } }
    #expect(held == [.int8] && Bench.end(effects) == nil)
  }

  @Test("dials again when its coordinator is gone or silent, if that may be started anew")
  func coordinatorLost() {
    var cut = Bench(isPatient: true)
    _ = cut.serve() + cut.take(.coordinatorDisconnected)
    let before = cut.state.control.incarnation
    Self.expectToJoinAgain(&cut, cut.take(.tick), since: before, reason: "was lost")

    var silent = Bench(isPatient: true)
    _ = silent.serve()
    let incarnation = silent.state.control.incarnation
    var effects: [WorkerEffect] = []
    for _ in 0..<200 where Self.hellos(effects).isEmpty { effects += silent.take(.tick, after: .milliseconds(100)) }
    Self.expectToJoinAgain(&silent, effects, since: incarnation, reason: "nothing heard of the coordinator for 15 s")

    // For as long as it was told to wait for one.
    var alone = Bench(isPatient: true)
    _ = alone.serve() + alone.take(.coordinatorDisconnected)
    var end: String?
    for _ in 0..<300 where end == nil { end = Bench.end(alone.take(.tick, after: .milliseconds(100))) }
    #expect(end?.contains("tcp://10.0.0.1:7070") == true)
  }

  @Test("joins again when a message of the coordinator is missing or comes twice, and does not believe it")
  func gaps() {
    for step in [-1, 1, 7] {
      var bench = Bench()
      _ = bench.join()
      let incarnation = bench.state.control.incarnation
      bench.number = UInt64(Int(bench.number) + step)
      let effects = bench.assign()
      #expect(!effects.contains { if case .hold = $0 { true } else { false } })
      Self.expectToJoinAgain(&bench, effects, since: incarnation, reason: "a message of the coordinator was lost")
    }
    // What also strangers are told is not counted.
    var bench = Bench()
    _ = bench.join()
    bench.number = 0
    #expect(Bench.end(bench.hear(.goodbye(Goodbye(reason: "")))) == "well")
    var refused = Bench()
    _ = refused.take(.tick)
    refused.number = 9
    #expect(Bench.end(refused.hear(.refusal(Refusal(reason: "no"))))?.contains("no") == true)
  }

  @Test("passes over what an earlier connection still brings after it has left")
  func late() {
    var bench = Bench()
    _ = bench.serve() + bench.hear(.goodbye(Goodbye(reason: "", joinsAgain: true)))
    #expect(Bench.failures(bench.take(.nextDisconnected)).isEmpty)
    #expect(bench.pass(1).isEmpty)
    #expect(Bench.end(bench.take(.computed(isFiniteReceived: true, isFiniteComputed: true))) == nil)
  }

  // MARK: Leaving

  @Test("asks to go when somebody wants it to end, serves on until it is sent away, and ends well")
  func leaves() {
    var bench = Bench()
    _ = bench.serve()
    let asked = bench.take(.leave)
    #expect(Bench.told(asked).map(\.message) == [.goodbye(Goodbye(reason: ""))])
    #expect(bench.take(.leave).isEmpty, "it asks twice")
    #expect(bench.pass(1).contains { if case .compute = $0 { true } else { false } })
    #expect(Bench.passes(bench.take(.computed(isFiniteReceived: true, isFiniteComputed: true))).count == 1)
    #expect(Bench.end(bench.wait(.seconds(3))) == nil)
    #expect(Bench.end(bench.hear(.goodbye(Goodbye(reason: "")))) == "well")
  }

  @Test("ends well too when it was given up meanwhile, or the run has ended", arguments: [true, false])
  func leavesAnyway(joinsAgain: Bool) {
    var bench = Bench()
    _ = bench.serve() + bench.take(.leave)
    #expect(Bench.end(bench.hear(.goodbye(Goodbye(reason: "w3 was lost", joinsAgain: joinsAgain)))) == "well")
  }

  @Test("ends well after a while though nobody sends it away, and at once where it is no member")
  func leavesUnanswered() {
    var bench = Bench()
    _ = bench.serve() + bench.take(.leave)
    #expect(Bench.end(bench.wait(WorkerState.leavePatience - .milliseconds(200))) == nil)
    #expect(Bench.end(bench.wait(.milliseconds(400))) == "well")
    var early = Bench()
    _ = early.take(.tick)
    #expect(Bench.end(early.take(.leave)) == "well")
  }
}

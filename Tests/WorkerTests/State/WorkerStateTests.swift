import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Worker

@Suite("A worker's state") struct WorkerStateTests {
  private typealias Bench = WorkerBench

  @Test("says hello again and again, and under another name when its connection was refused")
  func introduction() throws {
    var bench = Bench()
    let first = Bench.told(bench.take(.tick))
    #expect(first.map(\.message.kind) == [.hello] && first[0].header == Header(number: 0))
    #expect(bench.take(.tick, after: .milliseconds(400)).isEmpty)
    #expect(Bench.told(bench.take(.tick, after: .milliseconds(200))).map(\.header) == [Header(number: 0)])
    let name = bench.state.control.routingName
    guard
      case .notify(.handshakeFailing(_, reason: "refused"))? = bench.take(
        .coordinatorHandshakeFailed(reason: "refused")
      ).first
    else {
      Issue.record("it is not said")
      return
    }
    #expect(bench.take(.coordinatorHandshakeFailed(reason: "refused")).isEmpty, "said twice")
    let again = bench.take(.tick, after: .milliseconds(600))
    guard case .dialCoordinatorAgain(let other)? = again.first else {
      Issue.record("\(again)")
      return
    }
    #expect(other != name && other == bench.state.control.routingName)
    #expect(Bench.told(again).count == 1)
    var end: String?
    for _ in 0..<400 where end == nil { end = Bench.end(bench.take(.tick, after: .milliseconds(100))) }
    #expect(end?.contains("the handshake failed for 20") == true && end?.contains("refused") == true)
  }

  @Test("counts with its first heartbeat, measures, and numbers what it says")
  func joining() {
    var bench = Bench()
    let effects = bench.join()
    #expect(Bench.told(effects).map(\.message.kind) == [.hello, .heartbeat, .measurement])
    #expect(Bench.told(effects).map(\.header.number) == [0, 1, 2])
    #expect(effects.contains { if case .measure(let shape) = $0 { shape.layerCount == 4 } else { false } })
  }

  @Test(
    "measures and holds weights as its coordinator says", arguments: WeightTypes.Choice.allCases, WeightType.allCases)
  func weights(choice: WeightTypes.Choice, blocks: WeightType) {
    var bench = Bench()
    let joining = bench.join(Bench.welcome(weights: choice.rawValue, blocks: blocks.rawValue))
    let measured = joining.compactMap { if case .measure(let shape) = $0 { shape.weights } else { nil } }
    #expect(measured.map(\.choice) == [choice] && measured.map(\.blocks) == [blocks])
    let held = bench.assign(weights: choice.rawValue).compactMap {
      if case .hold(_, let configuration) = $0 { configuration.weights } else { nil }
    }
    #expect(held == measured)
    // Nothing is to be held, in no type.
    #expect(Bench.end(bench.hear(.assignment(.nothing))) == nil)
  }

  @Test(
    "ends in one line that names weights it does not know, and those of an assignment that it was not welcomed with",
    arguments: [
      ("int4", "f32", "int4", "int4 (f32)"), ("auto", "fp8", "auto", "auto (fp8)"), ("", "", "", " ()"),
      ("int8", "int8", "bf16", "bf16"), ("auto", "bf16", "bf16", "bf16"), ("f16", "f16", "", ""),
    ])
  func unknownWeights(welcome: String, blocks: String, assignment: String, named: String) throws {
    var bench = Bench()
    let effects =
      bench.join(Bench.welcome(weights: welcome, blocks: blocks)) + bench.assign(weights: assignment)
    let end = try #require(Bench.end(effects))
    #expect(end.contains("asks for weights as \(named), which") && end.hasSuffix("run the same gpt2 on every host"))
    #expect(end.hasPrefix("tcp://10.0.0.1:7070: ") && end.isOneLine)
    #expect(!effects.contains { if case .hold = $0 { true } else { false } })
  }

  @Test("asks for what is missing in the epoch of its assignment, and passes over pieces of one that is over")
  func loading() throws {
    var bench = Bench()
    _ = bench.join()
    let effects = bench.assign()
    #expect(effects.contains { if case .hold(let assignment, _) = $0 { assignment.layers == 1..<3 } else { false } })
    let wanted = Bench.told(bench.take(.wants(Wanted(tensor: 1, offset: 0, pieces: 2))))
    #expect(wanted.map(\.header.epoch) == [Bench.epoch])
    let piece = Message.piece(Piece(tensor: 1, offset: 0, bytes: [1]))
    #expect(bench.hear(piece).count == 1)
    _ = bench.assign(layers: 0..<2, epoch: Bench.epoch.next)
    #expect(bench.hear(piece).isEmpty)
    #expect(bench.hear(piece, epoch: Bench.epoch.next).count == 1)
    _ = bench.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0))
    #expect(bench.hear(piece).isEmpty, "of an assignment that is over")
    #expect(Bench.end(bench.hear(piece, epoch: Bench.epoch.next))?.contains("sent piece, which was not due") == true)
  }

  @Test("is ready when the next stage has answered, with a stage; and at once without one, when it holds its blocks")
  func ready() throws {
    var bench = Bench()
    _ = bench.join() + bench.assign()
    let held = bench.take(.holds(bytesRead: 1, bytesReceived: 2, bytesCached: 3))
    #expect(!Bench.told(held).contains { $0.message.kind == .ready })
    #expect(held.contains { if case .dialNext("tcp://10.0.0.3:7071"?, _, _) = $0 { true } else { false } })
    let ready = Bench.told(bench.take(.next(Header(epoch: Bench.epoch, number: 0), .credit(Credit(passes: 2)))))
    #expect(ready.map(\.message.kind) == [.ready] && ready[0].header.epoch == Bench.epoch)

    var spare = Bench()
    _ = spare.join()
    _ = spare.hear(.assignment(Assignment(layers: 1..<3, weights: "auto", sharesFiles: true, tensors: [], stage: nil)))
    #expect(
      Bench.told(spare.take(.holds(bytesRead: 1, bytesReceived: 0, bytesCached: 0))).map(\.message.kind) == [.ready])
    var idle = Bench()
    _ = idle.join() + idle.hear(.assignment(.nothing))
    #expect(idle.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0)).isEmpty)
  }

  @Test("gives up a next stage that is not reached, stays itself, and waits for one that is, which may be loading")
  func unreachable() {
    for isReached in [false, true] {
      var bench = Bench()
      _ = bench.join() + bench.assign() + bench.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0))
      if isReached { _ = bench.take(.nextConnected) }
      #expect(Bench.failures(bench.wait(.seconds(1.3))).isEmpty)
      var effects = bench.wait(.seconds(0.5))
      // It dials anew now and then, and reaches it each time.
      for _ in 0..<(isReached ? 600 : 0) { effects += bench.take(.nextConnected) + bench.wait(.seconds(1)) }
      let failure = Failure(
        reason: "cannot be reached at tcp://10.0.0.3:7071", link: .outgoing, isUnanswered: true)
      #expect(Bench.failures(effects) == (isReached ? [] : [failure]))
      #expect(Bench.end(effects) == nil)
    }
  }

  @Test("computes what comes, hands it on with its record, and takes nothing more while the next stage has no room")
  func passes() throws {
    var bench = Bench()
    _ = bench.serve(credits: 1)
    #expect(bench.state.takesMessages)
    let taken = bench.pass(1)
    #expect(taken.contains { if case .compute(let pass) = $0 { pass.microBatch.rowCount == 2 } else { false } })
    #expect(!bench.state.takesMessages)
    let done = Bench.passes(
      bench.take(.computed(isFiniteReceived: true, isFiniteComputed: false), after: .milliseconds(3)))
    #expect(done.count == 1 && done[0].header == Header(epoch: Bench.epoch, number: 1, sequence: 41))
    let record = try #require(done[0].pass.records.first)
    #expect(record.computed - record.received == 3_000_000 && record.isFiniteReceived && !record.isFiniteComputed)
    _ = bench.take(.passedOn, after: .microseconds(50))
    _ = bench.pass(2)
    #expect(Bench.passes(bench.take(.computed(isFiniteReceived: true, isFiniteComputed: true))).isEmpty)
    #expect(!bench.state.takesMessages)
    let credit = bench.take(.next(Header(epoch: Bench.epoch, number: 1), .credit(Credit(passes: 1))))
    let second = Bench.passes(credit)
    #expect(second.map(\.header.sequence) == [42] && bench.state.takesMessages)
    #expect(second[0].pass.records[0].sent == 50_000)
    // Taken and handed on are counted in its heartbeats.
    let beats = Bench.told(bench.wait(.milliseconds(400))).compactMap {
      if case .heartbeat(let beat) = $0.message { beat } else { nil }
    }
    #expect(beats.last?.taken == 2 && beats.last?.passed == 2)
  }

  @Test("says that it works between two blocks, to the coordinator and to both neighbours, when that is due")
  func progress() {
    var bench = Bench()
    _ = bench.serve() + bench.wait(.milliseconds(300)) + bench.pass(1)
    #expect(bench.take(.progressed, after: .milliseconds(10)).isEmpty)
    let effects = bench.take(.progressed, after: .milliseconds(300))
    #expect(Bench.told(effects).map(\.message.kind) == [.heartbeat])
    #expect(effects.contains { if case .tellNext(_, .beat) = $0 { true } else { false } })
  }

  @Test("refuses what it was not told to take", arguments: [(9, 4), (2, 5)])
  func unfit(rows: Int, width: Int) {
    var bench = Bench()
    _ = bench.serve()
    let end = Bench.end(bench.pass(1, rows: rows, width: width))
    #expect(end == "a pass of \(rows) rows of width \(width); this stage takes up to 8 of width 4")
  }

  @Test("tells the coordinator which of its links has failed, after how far it came, and stays without a place")
  func failures() throws {
    for side in [LinkSide.incoming, .outgoing] {
      var bench = Bench()
      _ = bench.serve() + bench.pass(1)
      let effects =
        side == .incoming
        ? bench.take(.unreadable(.notOurs(magic: [1, 2, 3, 4]), from: Peer([5])))
        : bench.take(.nextUnreadable(.notOurs(magic: [1, 2, 3, 4])))
      let told = Bench.told(effects)
      guard case .heartbeat(let beat)? = told.first?.message, case .failure(let failure)? = told.last?.message else {
        Issue.record("\(effects)")
        continue
      }
      #expect(beat.taken == 1 && beat.passed == 0 && told.allSatisfy { $0.header.epoch == Bench.epoch })
      #expect(failure.link == side && !failure.isUnanswered && Bench.end(effects) == nil)
      #expect(effects.contains { if case .hangUpNext = $0 { true } else { false } })
      #expect(effects.contains { if case .hear(false) = $0 { true } else { false } })
      // What was in hand is of no use any more; blocks stay.
      #expect(bench.take(.computed(isFiniteReceived: true, isFiniteComputed: true)).isEmpty)
      #expect(!bench.state.takesMessages && bench.state.control.isWelcome)
      #expect(!effects.contains { if case .hold = $0 { true } else { false } })
      // It is said once.
      #expect(Bench.failures(bench.wait(.seconds(3))).isEmpty)
      // And it takes another place.
      _ = bench.assign(epoch: Bench.epoch.next) + bench.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0))
      #expect(bench.state.links?.assignment.index == 1)
    }
  }

  @Test("drops what strangers say over its address")
  func strangers() {
    var bench = Bench()
    _ = bench.serve()
    let stranger = Peer([8], Caller(host: "10.0.0.8"))
    for event in [
      .unreadable(.notOurs(magic: [0, 0, 0, 0]), from: stranger), .misshapen(reason: "", from: stranger),
      .message(
        Header(epoch: Bench.epoch, number: 0), .open(Open(stage: 0, secret: Array(1..<33))), payload: nil,
        from: stranger
      ),
      .message(Header(epoch: Bench.epoch, number: 0), .pulse(Pulse(time: 1)), payload: nil, from: stranger),
    ] as [WorkerEvent] {
      guard case .notify(.ignored(address: "10.0.0.8", _))? = bench.take(event).first else {
        Issue.record("\(event)")
        continue
      }
    }
    #expect(bench.state.takesMessages)
  }

  @Test("gives the coordinator a moment to say why a link was cut")
  func cut() {
    for isTold in [true, false] {
      var bench = Bench()
      _ = bench.serve() + bench.take(.nextDisconnected)
      #expect(Bench.end(bench.wait(.milliseconds(200))) == nil)
      let effects =
        isTold ? bench.hear(.goodbye(Goodbye(reason: "worker w3 was lost"))) : bench.wait(.milliseconds(300))
      #expect(
        Bench.end(effects)
          == (isTold ? "tcp://10.0.0.1:7070: the coordinator ended the run: worker w3 was lost" : nil))
      #expect(
        Bench.failures(effects)
          == (isTold ? [] : [Failure(reason: "closed the connection, or it was cut", link: .outgoing)]))
      if isTold { continue }
      // An assignment is as good an answer.
      var assigned = Bench()
      _ = assigned.serve() + assigned.take(.nextDisconnected) + assigned.assign(epoch: Bench.epoch.next)
      #expect(Bench.failures(assigned.wait(.seconds(1))).isEmpty)
    }
  }

  @Test(
    "takes silence of a neighbour for one only when the system says so, and not while the coordinator may have stopped")
  func silence() {
    var bench = Bench()
    _ = bench.serve()
    var asked: Set<LinkSide> = []
    for case .askQuiet(let side, _, _) in bench.wait(.seconds(2)) { asked.insert(side) }
    #expect(asked == [.incoming, .outgoing])
    #expect(bench.take(.quiet(.incoming, .milliseconds(900))).isEmpty)
    #expect(
      Bench.failures(bench.take(.quiet(.incoming, .seconds(2))))
        == [Failure(reason: "was not heard for 2 s, on a link that is open", link: .incoming)])

    var first = Bench()
    _ = first.join() + first.assign(index: 0) + first.take(.holds(bytesRead: 0, bytesReceived: 0, bytesCached: 0))
    // It listened all the time.
    for _ in 0..<15 { _ = first.take(.tick, after: .milliseconds(200)) }
    _ = first.hear(.pulse(Pulse(time: 1)))
    #expect(first.take(.quiet(.incoming, .seconds(3))).isEmpty)
  }

  @Test("ends well when it is sent home, and by name when the coordinator is gone or silent")
  func ends() {
    var home = Bench()
    _ = home.serve()
    #expect(Bench.end(home.hear(.goodbye(Goodbye(reason: "")))) == "well")
    #expect(home.take(.tick, after: .seconds(9)).isEmpty, "something is wanted after the end")
    var lost = Bench()
    _ = lost.serve() + lost.take(.coordinatorDisconnected)
    #expect(Bench.end(lost.take(.tick))?.contains("the connection to the coordinator was lost") == true)
    // Its last words tell more than that it is gone.
    var told = Bench()
    _ = told.serve() + told.take(.coordinatorDisconnected)
    #expect(Bench.end(told.hear(.goodbye(Goodbye(reason: "")))) == "well")
    var silent = Bench()
    _ = silent.serve()
    var end: String?
    for _ in 0..<300 where end == nil { end = Bench.end(silent.take(.tick, after: .milliseconds(100))) }
    #expect(end?.contains("nothing heard of the coordinator for 15") == true)
  }

  @Test("leaves its place in an earlier plan, says how far it came, and lets go of the link to the next stage")
  func again() {
    var bench = Bench()
    _ = bench.serve() + bench.pass(1)
    let effects = bench.assign(index: 0, layers: 0..<2, epoch: Bench.epoch.next)
    guard case .heartbeat(let beat)? = Bench.told(effects).first?.message else {
      Issue.record("\(effects)")
      return
    }
    #expect(Bench.told(effects)[0].header.epoch == Bench.epoch && beat.taken == 1 && beat.passed == 0)
    #expect(effects.contains { if case .hangUpNext = $0 { true } else { false } })
    #expect(!bench.state.takesMessages)
    #expect(effects.contains { if case .hold(let assignment, _) = $0 { assignment.layers == 0..<2 } else { false } })
    // The counters are the next plan's.
    guard case .heartbeat(let next)? = Bench.told(bench.wait(.milliseconds(300))).last?.message else {
      Issue.record("no heartbeat")
      return
    }
    #expect(next.taken == 0 && next.passed == 0)
  }
}

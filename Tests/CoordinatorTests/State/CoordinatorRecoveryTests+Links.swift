import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

extension CoordinatorRecoveryTests {
  private static func fail(
    _ bench: inout Bench, _ id: Roster.ID, _ link: LinkSide, isUnanswered: Bool = false
  ) -> [CoordinatorEffect] {
    bench.say(.failure(Failure(reason: "was cut", link: link, isUnanswered: isUnanswered)), by: id)
  }

  @Test("begins anew with the same workers where only a link is lost", arguments: [LinkSide.incoming, .outgoing])
  func link(side: LinkSide) throws {
    let id: Roster.ID = side == .incoming ? [3] : [2]
    var bench = Bench()
    _ = try Self.write(&bench)
    let effects = Self.fail(&bench, id, side)
    #expect(
      Bench.losses(effects).map(\.next) == ["its work begins anew with the same workers"]
        && Bench.goodbyes(effects).isEmpty)
    #expect(Bench.stages(effects).map(\.id) == [[2], [3]])
    #expect(Bench.stages(effects).map(\.assignment.layers) == [0..<1, 1..<2])
    // The other end says so too, of a plan that is over by then.
    let late = bench.say(
      .failure(Failure(reason: "was cut", link: side)), by: id == [2] ? [3] : [2],
      epoch: Epoch(coordinator: bench.state.roster.epoch.coordinator, plan: 1))
    #expect(Bench.losses(late).isEmpty)
    try Self.expectToGoOn(&bench, effects, .kept)
  }

  @Test("blames the worker behind a link of whom nothing is heard either")
  func absent() throws {
    var bench = Bench()
    _ = try Self.write(&bench)
    _ = bench.wait(.seconds(1), [[2]])
    let effects = Self.fail(&bench, [2], .outgoing)
    #expect(Bench.losses(effects).first?.what.hasPrefix("worker w3 (blocks 1 to 1) was lost: nothing heard") == true)
    #expect(Bench.goodbyes(effects).map(\.id) == [[3]] && Bench.stages(effects).map(\.id) == [[2]])
  }

  @Test("gives up the worker behind a link that nobody answers, and shuns it for as long as there are others")
  func unanswered() throws {
    var bench = Bench()
    _ = try Self.write(&bench)
    let effects = Self.fail(&bench, [2], .outgoing, isUnanswered: true)
    #expect(Bench.goodbyes(effects).map(\.id) == [[3]] && Bench.goodbyes(effects)[0].goodbye.joinsAgain)
    #expect(Bench.stages(effects).map(\.id) == [[2]])
    _ = try bench.serve(effects)
    // It joins again, as the same process, and may hold blocks.
    let again = Bench.assignments(bench.join([5], name: "w3", process: 3))
    #expect(again.map(\.id) == [[5]] && again[0].assignment.stage == nil)
    _ = bench.ready([5])
    // With nobody else it is better than nobody.
    let last = bench.cut([2])
    #expect(Bench.stages(last).map(\.id) == [[5]])
    try Self.expectToGoOn(&bench, last)
  }

  @Test("does not put one who is shunned in a lost place, if not for lack of others")
  func shunned() throws {
    for isLast in [false, true] {
      var bench = Bench(means: isLast ? [.spare, .wait] : [.spare, .split])
      _ = try bench.open()
      let first = Self.fail(&bench, [2], .outgoing, isUnanswered: true)
      #expect(Bench.goodbyes(first).map(\.id) == [[3]])
      let plan = isLast ? [] : first
      let joined = bench.join([5], name: "w3", process: 3)
      // As a last resort at once; else the others go on alone.
      #expect(Bench.stages(plan + joined).map(\.id) == (isLast ? [[2], [5]] : [[2]]))
    }
  }

  @Test("gives up the worker behind a link that is lost a third time within a minute, and not before")
  func brokenLink() throws {
    for pause in [Duration.seconds(1), .seconds(40)] {
      var bench = Bench()
      var effects = try bench.open()
      for count in 1...3 {
        _ = bench.wait(pause, [[2], [3]])
        effects = Self.fail(&bench, [2], .outgoing)
        let isGivenUp = count == 3 && pause < .seconds(30)
        #expect(Bench.goodbyes(effects).map(\.id) == (isGivenUp ? [[3]] : []))
        _ = try bench.serve(effects)
      }
    }
  }

  @Test("gives up a first stage that cannot be reached, and one that lives and does nothing")
  func firstStage() throws {
    var bench = Bench()
    let planned = bench.plan()
    for id in [[2], [3]] as [Roster.ID] { _ = bench.ready(id) }
    let effects = planned + bench.wait(.seconds(3), [[2], [3]])
    #expect(Bench.losses(effects).first?.what.hasPrefix("worker w2 cannot be reached at tcp://10.0.0.2:7071") == true)
    #expect(Bench.goodbyes(effects).map(\.id) == [[2]] && Bench.stages(effects).map(\.id) == [[3]])

    var stalled = Bench()
    _ = try Self.write(&stalled)
    var lost: [CoordinatorEffect] = []
    for _ in 0..<50 where Bench.losses(lost).isEmpty {
      lost += stalled.wait(.milliseconds(100), [[2]], taken: 1, passed: 1)
      lost += stalled.wait(.milliseconds(100), [[3]], taken: 1, passed: 0)
    }
    #expect(
      Bench.losses(lost).first?.what.contains("worker w3 (blocks 1 to 1) is alive and has handed nothing on") == true)
    #expect(Bench.goodbyes(lost).map(\.id) == [[3]])
    try Self.expectToGoOn(&stalled, lost)
  }
}

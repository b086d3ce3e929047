import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Coordinator

/// What a roster needs to know for another plan: who stays, who goes, who holds what, and how far each came.
extension RosterTests {
  private static func header(_ roster: Roster, _ id: Roster.ID, plan: UInt32? = nil) -> Header {
    Header(epoch: Epoch(coordinator: 4, plan: plan ?? roster.epoch.plan), number: roster[id]?.received ?? 0)
  }

  private static func process(_ process: UInt64, _ name: String = "attic") -> Message {
    guard case .hello(var hello) = hello(name) else { preconditionFailure() }
    hello.process = process
    return .hello(hello)
  }

  @Test("keeps a worker whose link has failed, and passes over what it says of a link of another plan")
  func linkFailures() {
    for side in [LinkSide.incoming, .outgoing] {
      for isUnanswered in [false, true] {
        let failure = Failure(reason: "was cut", link: side, isUnanswered: isUnanswered)
        var roster = Self.roster(.ready)
        let told = roster.receive(.failure(failure), Self.header(roster, [1]), from: [1], now: 0)
        #expect(told == [.linkFailed(name: "worker-1", stage: 0, side, failure)])
        #expect(roster[[1]]?.standing == .ready(stage: 0))

        roster.unassign()
        for plan in [1, 2] as [UInt32] {
          let late = roster.receive(.failure(failure), Self.header(roster, [1], plan: plan), from: [1], now: 0)
          #expect(late == [.fenced] && roster.members.count == 2)
        }
      }
    }
  }

  @Test("has one member a process: what it was before is gone, with its name and stage")
  func processes() {
    func roster() -> Roster {
      var roster = Roster(
        expected: 1, measures: false, configuration: Self.shape, programVersion: "0.2", incarnation: 4)
      _ = roster.receive(Self.process(7), Self.header(0), from: [1], now: 0)
      _ = roster.report([1])
      roster.assign([([1], 0..<1)], now: 0)
      return roster
    }
    var again = roster()
    let events = again.receive(Self.process(7), Self.header(0), from: [2], now: 0)
    #expect(events == [.welcome([2]), .replaced(name: "attic", stage: 0)])
    #expect(again.members.map(\.id) == [[2]] && again[[2]]?.name == "attic" && again[[2]]?.stage == nil)

    // Another process of that name is somebody else, and so is one that says none, or has another key.
    var other = roster()
    #expect(other.receive(Self.process(8), Self.header(0), from: [2], now: 0) == [.welcome([2])])
    #expect(other.members.map(\.name) == ["attic", "attic-2"])
    var silent = roster()
    #expect(silent.receive(Self.process(0), Self.header(0), from: [2], now: 0) == [.welcome([2])])
    #expect(silent.receive(Self.process(0), Self.header(0), from: [3], now: 0) == [.welcome([3])])
    #expect(silent.members.count == 3)
    var thief = roster()
    let caller = Caller(key: CurveKey(Array(repeating: 5, count: 32)))
    #expect(thief.receive(Self.process(7), Self.header(0), from: [2], caller, now: 0) == [.welcome([2])])
    #expect(thief[[1]]?.stage == 0)
    // The same hello again, over the same connection, is a repetition.
    var repeated = roster()
    #expect(repeated.receive(Self.process(7), Self.header(0), from: [1], now: 0) == [])
    #expect(repeated[[1]]?.stage == 0)
  }

  @Test("has somebody who asks to go serve on, and gives it nothing new")
  func leaving() {
    var roster = Self.roster(.ready)
    let goodbye = Message.goodbye(Goodbye(reason: ""))
    #expect(roster.receive(goodbye, Self.header(roster, [1]), from: [1], now: 0) == [.leaving([1])])
    #expect(roster[[1]]?.standing == .ready(stage: 0))
    // It need not be told twice.
    #expect(roster.receive(goodbye, Self.header(roster, [1]), from: [1], now: 0) == [])
    roster.unassign()
    #expect(roster.candidates.map(\.id) == [[2]])
    roster.remove([1])
    #expect(roster.members.map(\.id) == [[2]])
    // It is a stranger now.
    #expect(
      roster.receive(goodbye, Self.header(9), from: [1], now: 0)
        == [.stranger([1], reason: "sent goodbye and is not of this cluster")])
  }

  @Test("has workers without a stage hold blocks, and counts only those that they have said to have")
  func holding() {
    var roster = Self.roster(.spare)
    #expect(roster[[1]]?.holding == 0..<0 && roster[[1]]?.isLoading == false)
    roster.enlist([1], holding: 0..<3)
    #expect(roster[[1]]?.holding == 0..<3 && roster[[1]]?.held == 0..<0 && roster[[1]]?.isAwaited == true)
    let wanted = roster.receive(Self.example(.wanted), Self.header(roster, [1]), from: [1], now: 0)
    #expect(wanted == [.wanted([1], Wanted(tensor: 1, offset: 0, pieces: 1))])
    let ready = roster.receive(.ready(Self.bytes), Self.header(roster, [1]), from: [1], now: 0)
    #expect(ready == [.holds([1])])
    #expect(roster[[1]]?.held == 0..<3 && roster[[1]]?.isLoading == false && roster[[1]]?.standing == .spare)
    // It lets go of what it is not to hold.
    roster.enlist([1], holding: 1..<5)
    #expect(roster[[1]]?.held == 1..<3 && roster[[1]]?.isAwaited == true)
    // A stage holds what the plan says.
    roster.enlist([2], holding: 0..<5)
    #expect(roster[[2]]?.holding == 0..<1 && roster[[2]]?.stage == 0)
    // What is there stays there from plan to plan, of a stage and of a spare.
    _ = roster.receive(.ready(Self.bytes), Self.header(roster, [2]), from: [2], now: 0)
    roster.unassign()
    #expect(roster[[1]]?.held == 1..<3 && roster[[2]]?.held == 0..<1)
    roster.assign([([1], 0..<2)], now: 0)
    #expect(roster[[1]]?.held == 1..<2 && roster[[1]]?.holding == 0..<2)
    #expect(roster[[2]]?.standing == .spare && roster[[2]]?.held == 0..<1 && roster[[2]]?.holding == 0..<1)
  }

  @Test("has more patience with a spare that loads than with one that has loaded")
  func loadingSpare() {
    for hasLoaded in [true, false] {
      var roster = Self.roster(.spare)
      roster.enlist([1], holding: 0..<3)
      if hasLoaded { _ = roster.receive(.ready(Self.bytes), Self.header(roster, [1]), from: [1], now: 0) }
      #expect(roster[[1]]?.isBusy == !hasLoaded)
      let events = roster.tick(now: .seconds(2), isUrgent: true)
      #expect(events.contains { if case .lost("worker-1", nil, _) = $0 { true } else { false } } == hasLoaded)
    }
  }

  @Test("takes what a worker says late of the plan before for its last word on it, and not for the present one's")
  func lastWords() {
    var roster = Self.roster(.ready)
    let beat = Message.heartbeat(Heartbeat(progress: 5, time: 9, pulse: 0, pulseArrival: 0, taken: 8, passed: 7))
    roster.unassign()
    roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0)
    for _ in 0..<2 {
      #expect(roster.receive(beat, Self.header(roster, [1], plan: 1), from: [1], now: 0) == [])
      #expect(roster[[1]]?.taken == 0 && roster[[1]]?.passed == 0)
    }
    // It has heard of the next one, and says no more of that.
    let events = roster.receive(beat, Self.header(roster, [1]), from: [1], now: 0)
    #expect(events == [.lastWord([1], Epoch(coordinator: 4, plan: 1), taken: 8, passed: 7)])
    #expect(roster.receive(beat, Self.header(roster, [1]), from: [1], now: 0) == [])
    #expect(roster[[1]]?.taken == 8 && roster[[1]]?.passed == 7)
  }

  @Test("loses the last of those that load when none of them comes on, and waits for those before it")
  func stuckLoading() {
    var roster = Self.roster(.assigned)
    func beat(_ progress: UInt64) -> Message {
      .heartbeat(Heartbeat(progress: progress, time: 9, pulse: 0, pulseArrival: 0, taken: 0, passed: 0))
    }
    var lost: (event: Roster.Event, time: Instant)?
    for second in 1..<400 where lost == nil {
      let now = Instant.seconds(Double(second))
      // The first one loads for 200 s, and then waits for the other, which says that it lives.
      _ = roster.receive(beat(UInt64(min(second, 200))), Self.header(roster, [1]), from: [1], now: now)
      _ = roster.receive(beat(1), Self.header(roster, [2]), from: [2], now: now)
      lost = roster.tick(now: now).first.map { ($0, now) }
    }
    #expect(lost?.time == .seconds(321))
    #expect(
      lost?.event
        == .lost(name: "worker-2", stage: 1, reason: "it lives, and has come no further with its blocks for 121 s"))
  }

  @Test("loses a worker that lives and does not take up its stage")
  func ignored() {
    var roster = Self.roster(.assigned)
    var events: [Roster.Event] = []
    for step in 0..<120 where events.isEmpty {
      let now = Instant.seconds(Double(step) / 10)
      // The one speaks of the plan before, the other of the present one.
      _ = roster.receive(Self.example(.heartbeat), Self.header(roster, [1], plan: 0), from: [1], now: now)
      _ = roster.receive(Self.example(.heartbeat), Self.header(roster, [2]), from: [2], now: now)
      events = roster.tick(now: now)
      if !events.isEmpty { #expect(now > .seconds(10)) }
    }
    #expect(
      events == [
        .lost(name: "worker-1", stage: 0, reason: "it lives, and has not taken up its stage for 10.1 s")
      ])
  }
}

import GPT2
import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Coordinator

/// Who is let in, from where, and who is found to hold up the others.
extension RosterTests {
  private static func roster(_ expected: Int = 2, allowed: AllowedKeys? = nil) -> Roster {
    Roster(
      expected: expected, measures: true, configuration: shape, programVersion: "0.2", incarnation: 4, allowed: allowed)
  }

  private static func hello(_ name: String, at address: String) -> Message {
    guard case .hello(var hello) = hello(name) else { preconditionFailure() }
    hello.address = address
    return .hello(hello)
  }

  private static func id(_ number: Int) -> Roster.ID { [UInt8(number / 256), UInt8(number % 256), 1] }

  @Test("is open to a worker after 1,200 others have only said hello, from the same address as from others")
  func hellos() {
    for hosts in [1, 40] {
      var roster = Self.roster()
      for number in 0..<1200 {
        let caller = Roster.Caller(host: "10.0.0.\(number % hosts)")
        let events = roster.receive(
          Self.hello("h\(number)"), Self.header(0), from: Self.id(number), caller,
          now: Instant(nanoseconds: UInt64(number)))
        #expect(events == [.welcome(Self.id(number))])
      }
      #expect(roster.members.count <= max(Roster.callerLimit * hosts, Roster.memberLimit))
      #expect(roster.joined.isEmpty)
      for (number, name) in [(2000, "a"), (2001, "b")] {
        let caller = Roster.Caller(host: "10.0.0.0")
        _ = roster.receive(Self.hello(name), Self.header(0), from: Self.id(number), caller, now: 5000)
        #expect(
          roster.receive(Self.measurement, Self.header(1), from: Self.id(number), caller, now: 5001)
            == [.joined(Self.id(number)), .measured(Self.id(number))])
      }
      #expect(roster.isComplete && roster.candidates.map(\.name) == ["a", "b"])
      // Those that said no more go without a word.
      #expect(
        roster.tick(now: .seconds(20)).allSatisfy {
          if case .lost(let name, _, _) = $0 { name.count == 1 } else { false }
        })
      #expect(roster.members.isEmpty)
    }
  }

  @Test("refuses a worker that was told other weight types, in a line that names both, and no other")
  func weights() {
    let names = WeightTypes.Choice.allCases.map(\.rawValue)
    for ours in names {
      for theirs in names + [""] {
        var roster = Roster(
          expected: 2, measures: true, configuration: Self.shape, weights: ours, programVersion: "0.2", incarnation: 4)
        let events = roster.receive(Self.hello(weights: theirs), Self.header(0), from: [9], now: 0)
        let reason =
          "it was started with --weights \(theirs), the coordinator holds them as \(ours); "
          + "leave --weights out, or give it \(ours)"
        let isWelcome = theirs == ours || theirs.isEmpty
        #expect(events == (isWelcome ? [.welcome([9])] : [.refused([9], name: "attic", reason: reason)]))
        #expect(roster.members.count == (isWelcome ? 1 : 0))
      }
    }
  }

  @Test(
    "refuses by name what nobody can dial",
    arguments: [
      ("tcp://0.0.0.0:7071", "every interface"), ("tcp://[::]:7071", "every interface"),
      ("tcp://*:7071", "every interface"), ("tcp://10.0.0.2:0", "port 0"), ("inproc://stage", "cannot be dialled"),
      ("ipc:///tmp/stage", "cannot be dialled"), ("nonsense", "cannot be dialled"),
      ("tcp://127.0.0.1:7071", "on another host cannot dial"),
    ])
  func addresses(address: String, reason: String) {
    var roster = Self.roster()
    let caller = Roster.Caller(host: "10.0.0.2", isElsewhere: true)
    let events = roster.receive(Self.hello("z", at: address), Self.header(0), from: [9], caller, now: 0)
    guard case .refused([9], "z", let text)? = events.first, events.count == 1 else {
      Issue.record("\(events)")
      return
    }
    #expect(text.contains(address) && text.contains(reason) && text.contains("--advertise"))
    #expect(roster.members.isEmpty)
  }

  @Test("takes loopback addresses where all are on one host, and refuses them by name when somebody comes from another")
  func loopback() {
    let here = Roster.Caller(host: "127.0.0.1")
    let elsewhere = Roster.Caller(host: "10.0.0.2", isElsewhere: true)
    let local = Self.hello("z", at: "tcp://127.0.0.1:7071")
    var roster = Self.roster()
    #expect(roster.receive(local, Self.header(0), from: [1], here, now: 0) == [.welcome([1])])
    _ = roster.report([1])
    let events = roster.receive(Self.hello("b"), Self.header(0), from: [2], elsewhere, now: 0)
    guard case .refused([1], "z", let reason)? = events.first else {
      Issue.record("\(events)")
      return
    }
    #expect(reason.contains("tcp://127.0.0.1:7071, which b on another host cannot dial"))
    #expect(events.dropFirst() == [.welcome([2])])
    #expect(roster.members.map(\.name) == ["b"])
    // And the other way round.
    let late = roster.receive(local, Self.header(0), from: [3], here, now: 0)
    guard case .refused([3], "z", _)? = late.first, late.count == 1 else {
      Issue.record("\(late)")
      return
    }
    // A real address of the coordinator's own host will do.
    let real = Self.hello("z", at: "tcp://10.0.0.1:7071")
    #expect(roster.receive(real, Self.header(0), from: [4], here, now: 0) == [.welcome([4])])
  }

  @Test("turns away who comes from another host while those serve that only their own host can dial")
  func loopbackServes() {
    let here = Roster.Caller(host: "127.0.0.1")
    let elsewhere = Roster.Caller(host: "10.0.0.2", isElsewhere: true)
    var roster = Self.roster()
    for id in [1, 2] as [UInt8] {
      _ = roster.receive(Self.hello("w\(id)", at: "tcp://127.0.0.1:707\(id)"), Self.header(0), from: [id], here, now: 0)
      _ = roster.report([id])
    }
    roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0)
    for isOver in [false, true] {
      if isOver { roster.unassign() }
      let events = roster.receive(Self.hello("far"), Self.header(0), from: [3], elsewhere, now: 0)
      guard case .refused([3], "far", let reason)? = events.first, events.count == 1 else {
        Issue.record("\(events)")
        return
      }
      #expect(reason.contains("w1 serves, and announced tcp://127.0.0.1:7071, which other hosts cannot dial"))
      #expect(roster.members.map(\.name) == ["w1", "w2"])
    }
  }

  @Test("lets in the keys of the list, keeps their names for them, and loses whose key is taken out")
  func allowed() throws {
    let (a, b, c) = (
      try CurveKeyPair.make().publicKey, try CurveKeyPair.make().publicKey, try CurveKeyPair.make().publicKey
    )
    func caller(_ key: CurveKey) -> Roster.Caller { Roster.Caller(key: key, host: "10.0.0.2") }
    let list = try AllowedKeys(lines: "\(a.z85) attic\n# \(c.z85)\n\n\(b.z85)\n")
    var roster = Self.roster(allowed: list)
    #expect(roster.receive(Self.hello("attic"), Self.header(0), from: [1], caller(a), now: 0) == [.welcome([1])])
    let foreign = roster.receive(Self.hello("cellar"), Self.header(0), from: [2], caller(c), now: 0)
    #expect(foreign == [.refused([2], name: "cellar", reason: "its key is not among the allowed ones")])
    guard
      case .refused([3], "attic", let reason)? = roster.receive(
        Self.hello("attic"), Self.header(0), from: [3], caller(b), now: 0
      ).first
    else {
      Issue.record("two keys of one name")
      return
    }
    #expect(reason.contains("belongs to another key"))
    #expect(roster.receive(Self.hello("cellar"), Self.header(0), from: [4], caller(b), now: 0) == [.welcome([4])])

    // Nobody speaks for another, not even over a connection that has taken its routing id.
    guard
      case .stranger([1], _)? = roster.receive(
        Self.measurement, Self.header(1), from: [1], caller(b), now: 0
      ).first
    else {
      Issue.record("another's message was taken")
      return
    }
    #expect(roster[[1]]?.blockTimes == [])

    let withdrawn = roster.allow(try AllowedKeys(lines: "\(b.z85)"))
    #expect(withdrawn.map(\.name) == ["attic"])
    #expect(
      roster.withdraw([1])
        == [.lost(name: "attic", stage: nil, reason: "its key is not among the allowed ones any more")])
    #expect(roster.members.map(\.name) == ["cellar"])
  }

  @Test("finds the stage that lives and does nothing with what it has, and leaves alone one that works or waits")
  func stalls() throws {
    var roster = Self.roster(.ready)
    var time: Instant = 0
    var number = try #require(roster[[1]]).received
    func beat(progress: UInt64, taken: UInt64, passed: UInt64, epoch: Epoch = Epoch(coordinator: 4, plan: 1)) -> [Roster
      .Event]
    {
      time += Self.second
      defer { number += 1 }
      let beat = Heartbeat(progress: progress, time: 9, pulse: 0, pulseArrival: 0, taken: taken, passed: passed)
      let other = Self.header(roster[[2]]!.received)
      _ = roster.receive(Self.example(.heartbeat), other, from: [2], now: time)
      return roster.receive(.heartbeat(beat), Header(epoch: epoch, number: number), from: [1], now: time)
        + roster.tick(now: time)
    }
    // Nothing to do, for ever.
    for _ in 0..<10 { #expect(beat(progress: 5, taken: 3, passed: 3) == []) }
    // A large micro-batch, block by block.
    for block in 0..<10 as Range<UInt64> { #expect(beat(progress: 6 + block, taken: 4, passed: 3) == []) }
    // Three seconds without a block.
    for _ in 0..<3 { #expect(beat(progress: 15, taken: 4, passed: 3) == []) }
    #expect(beat(progress: 15, taken: 4, passed: 3) == [.stalled([1], name: "worker-1", stage: 0, .seconds(4))])
    // Of another plan it says nothing.
    for _ in 0..<5 { #expect(beat(progress: 16, taken: 9, passed: 0, epoch: .none) == []) }
  }

  @Test("tells a link that failed from a worker that did")
  func links() {
    var roster = Self.roster(.ready)
    let failure = Message.failure(Failure(reason: "was not heard", link: .outgoing))
    #expect(
      roster.receive(failure, Self.header(roster[[1]]!.received), from: [1], now: 0)
        == [.linkFailed(name: "worker-1", stage: 0, .outgoing, Failure(reason: "was not heard", link: .outgoing))])
    #expect(roster[[1]] != nil)
    // Without a stage there is no link.
    var early = Self.roster(.measured)
    #expect(early.receive(failure, Self.header(early[[1]]!.received), from: [1], now: 0) == [.fenced])
  }
}

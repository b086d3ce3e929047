import Pipeline
import Platform
import TestSupport
import Testing
import ZeroMQ

@testable import Coordinator

/// What a roster does when a plan is over, and who a connection belongs to.
extension RosterTests {
  @Test(
    "takes a plan back: all wait for another one, of the next epoch, and new ones may join", arguments: [true, false])
  func unassign(measures: Bool) throws {
    var roster = Self.roster(.ready, measures: measures)
    let received = roster[[1]]?.received
    roster.unassign()
    #expect(roster.epoch == Epoch(coordinator: 4, plan: 2) && !roster.isAssigned && roster.stages.isEmpty)
    #expect(roster.members.map(\.standing) == Array(repeating: measures ? .measured : .welcomed, count: 2))
    #expect(roster.members.allSatisfy { $0.ready == nil && $0.stage == nil })
    #expect(roster.isComplete)
    // Numbers of messages go on, under the new epoch.
    #expect(roster[[1]]?.received == received)
    #expect(roster.header(for: [1]) == Header(epoch: Epoch(coordinator: 4, plan: 2), number: 0))
    #expect(roster.header(for: [1]) == Header(epoch: Epoch(coordinator: 4, plan: 2), number: 1))
    #expect(roster.receive(Self.hello("late"), Self.header(0), from: [3], now: 0) == [.welcome([3])])
    let hasReported = roster.report([3])
    #expect(hasReported)
    #expect(roster[[3]]?.standing == .welcomed && roster.candidates.count == (measures ? 2 : 3))

    // The next plan's readiness counts from nothing.
    roster.assign([([2], 0..<1), ([1], 1..<2)], now: 0)
    #expect(roster.stages.map(\.name) == ["worker-2", "worker-1"])
    for (id, events) in [([2], []), ([1], [.ready])] as [(Roster.ID, [Roster.Event])] {
      let header = Header(epoch: Epoch(coordinator: 4, plan: 3), number: try #require(roster[id]).received)
      #expect(roster.receive(.ready(Self.bytes), header, from: id, now: 0) == events)
    }
  }

  @Test("passes over what a worker asked or said for a plan that is over, and only for such", arguments: [false, true])
  func stale(isAssignedAgain: Bool) throws {
    for kind in [.wanted, .ready] as [Message.Kind] {
      for (coordinator, plan) in [(4, 1), (4, 2), (4, 3), (4, 4), (4, 5), (5, 3), (0, 0)] as [(UInt64, UInt32)] {
        // Taken back twice, and made again.
        let current: UInt32 = isAssignedAgain ? 4 : 3
        let isStale = coordinator == 4 && plan < current
        var roster = Self.roster(.assigned)
        roster.unassign()
        roster.unassign()
        if isAssignedAgain { roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0) }
        let before = try #require(roster[[1]])
        let header = Header(epoch: Epoch(coordinator: coordinator, plan: plan), number: before.received)
        let events = roster.receive(Self.example(kind), header, from: [1], now: 5)
        if isStale {
          #expect(events == [.fenced])
          #expect(roster[[1]]?.standing == before.standing && roster[[1]]?.ready == nil)
          // It was heard and counted all the same.
          #expect(roster[[1]]?.lastHeard == 5 && roster[[1]]?.received == before.received + 1)
        } else if (coordinator, plan) != (4, current) {
          // Of another coordinator, or of a plan that is not made yet.
          guard case .broken(name: "worker-1", _, let reason)? = events.first else {
            Issue.record("\(kind) of \(header.epoch): \(events)")
            continue
          }
          #expect(reason.contains("\(header.epoch)"))
        } else if kind == .wanted {
          // It holds on to its blocks, with a stage or without.
          #expect(events == [.wanted([1], Wanted(tensor: 1, offset: 0, pieces: 1))])
        } else {
          #expect(roster[[1]]?.ready == Self.bytes && roster[[1]]?.stage == (isAssignedAgain ? 0 : nil))
        }
      }
    }
  }

  @Test("lets somebody who came late measure, and counts on it from then on")
  func lateMeasurement() {
    func roster(measures: Bool) -> Roster {
      var roster = Self.roster(.measured, measures: measures)
      #expect(roster.receive(Self.hello("late"), Self.header(0), from: [3], now: 0) == [.welcome([3])])
      let reports = [roster.report([3]), roster.report([3])]
      #expect(reports == [true, false])
      roster.assign([([1], 0..<1), ([2], 1..<2)], now: 0)
      return roster
    }
    var late = roster(measures: true)
    #expect(late[[3]]?.standing == .welcomed && late.candidates.isEmpty)
    #expect(late.receive(Self.measurement, Self.header(1), from: [3], now: 0) == [.measured([3])])
    #expect(late[[3]]?.standing == .measured && late[[3]]?.blockTimes == [BlockTime(rows: 1, seconds: 0.001)])
    #expect(late.candidates.map(\.id) == [[3]])
    late.unassign()
    #expect(late[[3]]?.standing == .measured && late.candidates.count == 3)

    // One that has not measured is no candidate, until it has.
    var slow = roster(measures: true)
    slow.unassign()
    #expect(slow[[3]]?.standing == .welcomed && slow.candidates.count == 2)
    #expect(slow.receive(Self.measurement, Self.header(1), from: [3], now: 0) == [.measured([3])])
    #expect(slow.candidates.count == 3)

    let notDue = [Roster.Event.broken(name: "late", stage: nil, reason: "measurement was not due")]
    var twice = roster(measures: true)
    #expect(twice.receive(Self.measurement, Self.header(1), from: [3], now: 0) == [.measured([3])])
    #expect(twice.receive(Self.measurement, Self.header(2), from: [3], now: 0) == notDue)
    var unasked = roster(measures: false)
    #expect(unasked.receive(Self.measurement, Self.header(1), from: [3], now: 0) == notDue)
    // What it claims has to fit into the time that it had.
    let slowness = Message.measurement(Measurement(points: [BlockTime(rows: 8, seconds: 600)]))
    var absurd = roster(measures: true)
    #expect(
      absurd.receive(slowness, Self.header(1), from: [3], now: .seconds(2))
        == [
          .broken(
            name: "late", stage: nil, reason: "it says that a block of 8 rows takes it 600.0 s, measured in 2 s")
        ])
    // Who really takes so long is of no use to the others.
    var slowest = roster(measures: true)
    guard case .broken? = slowest.receive(slowness, Self.header(1), from: [3], now: .seconds(700)).first else {
      Issue.record("a block of ten minutes")
      return
    }
    // And nobody waits for anybody as long as that.
    #expect(Roster.grace(blockSeconds: 600) == .seconds(30) && Roster.grace(blockSeconds: 0.5) == .seconds(2))
  }

  @Test(
    "loses the worker whose connection ends, with its stage, and nobody for a stranger's", arguments: Standing.allCases)
  func disconnected(standing: Standing) {
    var roster = Self.roster(standing)
    let stage = roster[[1]]?.stage
    #expect(roster.disconnected([9]) == [] && roster.members.count == 2)
    #expect(
      roster.disconnected([1])
        == [.lost(name: "worker-1", stage: stage, reason: "its connection ended (tcp://10.0.0.2:7071)")])
    #expect(roster.members.map(\.name) == ["worker-2"])
    #expect(roster.disconnected([1]) == [])
  }

  @Test("knows whose a connection is, for as long as that one is a member")
  func owners() {
    var roster = Roster(expected: 2, measures: true, configuration: Self.shape, programVersion: "0.2", incarnation: 4)
    for (id, connection) in [([1], 11), ([2], 12), ([3], nil)] as [(Roster.ID, UInt64?)] {
      _ = roster.receive(
        Self.hello(), Self.header(0), from: id, .init(connection: connection.map { ConnectionNumber($0) }), now: 0)
    }
    #expect([11, 12, 13].map { roster.owner(of: ConnectionNumber($0)) } == [[1], [2], nil])
    _ = roster.disconnected([1])
    #expect(roster.owner(of: ConnectionNumber(11)) == nil && roster.owner(of: ConnectionNumber(12)) == [2])
  }
}

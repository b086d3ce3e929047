import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

extension CoordinatorRecoveryTests {
  /// w3 or who took its place dies with what w2 has handed on in hand; then w2 says its last word on that plan, and one on the next.
  private static func die(_ bench: inout Bench, _ id: UInt8) -> [CoordinatorEffect] {
    let epoch = bench.state.roster.epoch
    let beat = Message.heartbeat(Heartbeat(progress: 1, time: 2, pulse: 0, pulseArrival: 0, taken: 1, passed: 1))
    let next = Message.heartbeat(Heartbeat(progress: 1, time: 3, pulse: 0, pulseArrival: 0, taken: 0, passed: 0))
    return bench.cut([id]) + bench.say(beat, by: [2], epoch: epoch) + bench.say(next, by: [2])
  }

  private static func poisonous(_ effects: [CoordinatorEffect]) -> [RequestID] {
    effects.compactMap { effect in
      if case .complete(let id, let error?) = effect, error as? ClusterError == .poisonous { id } else { nil }
    }
  }

  @Test("fails a request by name that was alone in the hand of two workers that died, and goes on with the others")
  func poisonous() throws {
    var bench = Bench(spares: 2)
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    #expect(Bench.dispatches(try bench.open()).count == 1)
    _ = bench.ready([4]) + bench.ready([5])
    let first = Self.die(&bench, 3)
    #expect(Self.poisonous(first).isEmpty)
    #expect(Bench.dispatches(try bench.serve(first)).map(\.dispatch.tokens) == [[1, 2, 3]])
    _ = bench.take(.submit(RequestID(2), try Self.generation(), ClientID()))
    let taker = try #require(Bench.stages(first).last?.id[0])
    let second = Self.die(&bench, taker)
    #expect(Bench.end(second) == nil)
    #expect(Bench.dispatches(try bench.serve(second)).map(\.dispatch.tokens) == [[1, 2, 3]])
    // The worker may come again, and then it has not died.
    #expect(Self.poisonous(second).isEmpty && bench.state.accused.map(\.request) == [RequestID(1)])
    let third = bench.wait(.milliseconds(3200), Bench.stages(second).map(\.id))
    #expect(Self.poisonous(third) == [RequestID(1)])
    #expect(bench.state.scheduler.requests.keys.map(\.self) == [RequestID(2)])
  }

  @Test("has a request go on that two workers seemed to die of, when the second one joins again")
  func acquitted() throws {
    var bench = Bench(spares: 2)
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    _ = try bench.open()
    _ = bench.ready([4]) + bench.ready([5])
    let first = Self.die(&bench, 3)
    _ = try bench.serve(first)
    let taker = try #require(Bench.stages(first).last?.id[0])
    let second = Self.die(&bench, taker)
    #expect(Bench.dispatches(try bench.serve(second)).allSatisfy { $0.dispatch.tokens.isEmpty })
    #expect(bench.state.accused.count == 1)
    let again =
      bench.join([6], process: UInt64(taker)) + bench.wait(.milliseconds(3200), Bench.stages(second).map(\.id))
    #expect(Self.poisonous(again).isEmpty && bench.state.accused.isEmpty)
    #expect(Bench.dispatches(again).map(\.dispatch.tokens) == [[1, 2, 3]])
  }

  @Test("blames nobody for a worker that was cut off and joins again")
  func exonerated() throws {
    var bench = Bench(spares: 1)
    _ = bench.take(.submit(RequestID(1), try Self.generation(), ClientID()))
    _ = try bench.open()
    _ = bench.ready([4])
    _ = try bench.serve(Self.die(&bench, 3))
    #expect(bench.state.scheduler.requests[RequestID(1)]?.deaths == 1)
    _ = bench.join([6], name: "w3", process: 3)
    #expect(bench.state.scheduler.requests[RequestID(1)]?.deaths == 0)
  }
}

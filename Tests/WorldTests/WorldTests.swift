import GPT2
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator

@Suite("A cluster in virtual time") struct WorldTests {
  /// Requests of all kinds, and what each brings.
  private struct Load {
    var works: [(id: UInt64, work: Work, expected: [ToyResult])] = []

    init(_ count: Int, seed: Int) throws {
      var numbers = SeededNumbers(seed)
      for id in 0..<UInt64(count) {
        let tokens = (0..<numbers.number(1...40)).map { _ in numbers.number(0...96) }
        let work: Work =
          if numbers.chance(oneIn: 4) {
            .embed(try Reading(tokens, configuration: ToyModel.configuration))
          } else {
            .generate(
              try Generation(
                GenerationRequest(prompt: tokens, maximumTokens: numbers.number(1...12), endOfTextTokens: nil),
                configuration: ToyModel.configuration, tokenizer: nil))
          }
        works.append((id, work, ToyModel.results(of: work)))
      }
    }

    /// All of them, a few in each millisecond.
    func submit(to world: World) {
      for (id, work, _) in works {
        world.submit(id, work, client: id % 7)
        if id % 8 == 7 { world.run(for: .milliseconds(1)) { false } }
      }
    }

    func expectAll(of world: World, sourceLocation: SourceLocation = #_sourceLocation) {
      for (id, _, expected) in works {
        #expect(world.results[RequestID(id)] == expected, "request \(id)", sourceLocation: sourceLocation)
        guard case .some(.none) = world.ends[RequestID(id)] else {
          Issue.record("request \(id) has not ended well", sourceLocation: sourceLocation)
          return
        }
      }
      #expect(world.violation == nil, sourceLocation: sourceLocation)
      // The last slots are given back in micro-batches of their own.
      #expect(world.run(for: .seconds(2)) { world.isIdle }, sourceLocation: sourceLocation)
    }

    func isDone(_ world: World) -> Bool { world.ends.count == works.count }
  }

  /// Three workers in the middle of two hundred requests, and nothing is done about a loss.
  private static func busy(seed: Int) throws -> (World, Load) {
    let world = World(workers: 3, seed: seed, means: [])
    let load = try Load(200, seed: seed)
    load.submit(to: world)
    #expect(world.run(for: .seconds(60)) { world.ends.count > 20 })
    return (world, load)
  }

  @Test("joins, loads and answers a thousand requests with the toy's own tokens", arguments: [1, 2, 3, 5])
  func work(workers: Int) throws {
    let world = World(workers: workers, seed: workers)
    let load = try Load(1000, seed: 9)
    // Before there is a pipe, and while there is.
    load.submit(to: world)
    #expect(world.run(for: .seconds(600)) { load.isDone(world) })
    load.expectAll(of: world)
    #expect(world.isOpen && world.end == nil)
    let statistics = world.statistic()
    #expect(statistics.stages.count == workers && statistics.requestsRunning == 0 && statistics.requestsWaiting == 0)
    #expect((1...workers).flatMap { world.loads(of: "w\($0)") }.sorted() == Array(0..<6))
  }

  @Test("says the same whatever the latency, and runs the same twice", arguments: [0...0, 50...5000, 20_000...60_000])
  func latency(microseconds: ClosedRange<Int>) throws {
    let load = try Load(60, seed: 3)
    var counts: [Int] = []
    for _ in 0..<2 {
      let world = World(workers: 3, seed: 5, latency: microseconds)
      load.submit(to: world)
      #expect(world.run(for: .seconds(600)) { load.isDone(world) })
      load.expectAll(of: world)
      counts.append(world.eventCount)
    }
    #expect(counts[0] == counts[1])
  }

  @Test("waits for a slow stage, and says the same")
  func slow() throws {
    let world = World(workers: 3, seed: 4)
    let load = try Load(80, seed: 4)
    #expect(world.run(for: .seconds(60)) { world.isOpen })
    // It was as fast as the others when it measured.
    world.node("w2").slowness = 400
    load.submit(to: world)
    #expect(world.run(for: .seconds(3600)) { load.isDone(world) || world.end != nil })
    load.expectAll(of: world)
  }

  @Test("ends by the name of a worker that is gone, within a second, and everybody is told")
  func killed() throws {
    let (world, _) = try Self.busy(seed: 6)
    world.kill("w2")
    let time = world.now
    #expect(world.run(for: .seconds(60)) { world.end != nil })
    guard case .workerLost(name: "w2", let blocks?, let reason)? = world.end as? ClusterError else {
      Issue.record("\(String(describing: world.end))")
      return
    }
    #expect(blocks.count == 2 && reason.contains("connection ended"))
    #expect(world.now - time < .seconds(1))
  }

  @Test("ends by the name of a worker of which nothing is heard any more, though no connection has ended")
  func isolated() throws {
    let (world, _) = try Self.busy(seed: 7)
    world.isolate("w3")
    let time = world.now
    #expect(world.run(for: .seconds(60)) { world.end != nil })
    guard case .workerLost(name: "w3", _, _)? = world.end as? ClusterError else {
      Issue.record("\(String(describing: world.end))")
      return
    }
    #expect(world.now - time < .seconds(3))
  }

  @Test("ends by the name of a link that is silent while both of its ends live")
  func halfOpen() throws {
    let (world, _) = try Self.busy(seed: 8)
    world.muteLink(outOf: "w1")
    let time = world.now
    #expect(world.run(for: .seconds(60)) { world.end != nil })
    guard case .linkLost(let from, let to, _)? = world.end as? ClusterError else {
      Issue.record("\(String(describing: world.end))")
      return
    }
    #expect(from.contains("w1") && to.contains("w2"))
    #expect(world.now - time < .seconds(4))
  }

  @Test("notices a message that got lost on a link whose connection stands, by its number", arguments: ["w1", "w3"])
  func lost(name: String) throws {
    let (world, load) = try Self.busy(seed: 13)
    world.loseMessage(outOf: name)
    #expect(world.run(for: .seconds(60)) { world.end != nil })
    let end = try #require(world.end.map { "\($0)" })
    #expect(end.contains(name) && end.contains("never came"), "\(end)")
    // What was handed out before is right as far as it goes.
    for (id, _, expected) in load.works {
      let results = world.results[RequestID(id)] ?? []
      #expect(results == Array(expected.prefix(results.count)))
    }
  }

  @Test("ends by the name of a worker that lives and does nothing with what it has")
  func stuck() throws {
    let (world, _) = try Self.busy(seed: 9)
    world.node("w2").isStuck = true
    #expect(world.run(for: .seconds(60)) { world.end != nil })
    // Its own heartbeats come from the thread that computes, which is stuck: it says that it lives by beats of blocks alone.
    switch world.end as? ClusterError {
    case .workerStalled(name: "w2", _, _)?, .workerLost(name: "w2", _, _)?, .linkLost?: break
    default: Issue.record("\(String(describing: world.end))")
    }
  }

  @Test("makes another plan when a worker goes before all are ready, and the others keep the blocks they have")
  func another() throws {
    let world = World(workers: 3, seed: 10, means: [.wait])
    #expect(
      world.run(for: .seconds(60)) { world.notices.contains { if case .planned = $0 { true } else { false } } })
    #expect(world.run(for: .seconds(60)) { world.loads(of: "w1").count == 1 })
    let first = world.epoch
    world.kill("w3")
    let load = try Load(50, seed: 10)
    load.submit(to: world)
    #expect(world.run(for: .seconds(5)) { world.epoch != first })
    #expect(!world.isOpen && world.end == nil)
    let late = world.addWorker()
    #expect(world.run(for: .seconds(60)) { load.isDone(world) })
    load.expectAll(of: world)
    #expect(first.isBefore(world.epoch))
    // Nobody loaded a block twice.
    for name in ["w1", "w2", late] {
      let loads = world.loads(of: name)
      #expect(loads.count == 2 && Set(loads).count == 2, "\(name): \(loads)")
    }
  }

  @Test("gives up workers that fall silent while they load, and others take their places", arguments: [1, 2])
  func silentEarly(count: Int) throws {
    let world = World(workers: 2, seed: 11, means: [.wait])
    #expect(
      world.run(for: .seconds(60)) { world.notices.contains { if case .planned = $0 { true } else { false } } })
    for place in 0..<count { world.isolate("w\(2 - place)") }
    #expect(world.run(for: .seconds(30)) { world.coordinator.roster.members.count == 2 - count })
    #expect(world.statistic().losses > 0 && world.end == nil)
    // Longer than a stage waits for the next one to answer: who is left has no stage meanwhile.
    world.run(for: .seconds(15)) { false }
    #expect(world.end == nil)
    for _ in 0..<count { world.addWorker() }
    let load = try Load(40, seed: 11)
    load.submit(to: world)
    #expect(world.run(for: .seconds(60)) { load.isDone(world) })
    load.expectAll(of: world)
  }

  @Test("goes on after the machine has slept, and after the coordinator alone was stopped", arguments: [true, false])
  func halts(all: Bool) throws {
    let world = World(workers: 2, seed: 12)
    let load = try Load(100, seed: 12)
    load.submit(to: world)
    #expect(world.run(for: .seconds(60)) { world.ends.count > 20 })
    world.halt(for: .seconds(3), coordinatorAlone: !all)
    #expect(world.run(for: .seconds(600)) { load.isDone(world) || world.end != nil })
    load.expectAll(of: world)
  }

  /// The survivors are told to hold on to their blocks and, at once, what the next plan is: what they say of the first is over.
  @Test(
    "makes the next plan at once where there are spares, whoever goes while stages load, also several together",
    arguments: 0..<12)
  func surplus(seed: Int) throws {
    var numbers = SeededNumbers(100 + seed)
    let world = World(workers: 2, seed: 20 + seed, latency: 100...3000)
    for _ in 0..<3 { world.addWorker() }
    #expect(
      world.run(for: .seconds(60)) { world.notices.contains { if case .planned = $0 { true } else { false } } })
    world.run(for: .microseconds(numbers.number(0...15_000))) { false }
    let count = numbers.number(1...2)
    let names = (1...5).map { "w\($0)" }.shuffled(using: &numbers).prefix(count)
    for name in names { if numbers.chance(oneIn: 2) { world.kill(name) } else { world.isolate(name) } }
    let load = try Load(40, seed: 20 + seed)
    load.submit(to: world)
    #expect(world.run(for: .seconds(90)) { load.isDone(world) })
    load.expectAll(of: world)
  }
}

import GPT2
import Pipeline
import Platform
import TestSupport

@testable import Coordinator
@testable import Worker

/// One run of a world by its options, held against what a single process says.
final class Simulation {
  let options: Options
  let world: World
  private let expected: [[ToyResult]]
  private let start: Instant
  var tally = Tally()
  /// Links that are held up, by the fault.
  var heldUp: [Int: Int] = [:]
  private(set) var isCalm = false
  /// Orders that were made.
  private var submitted: Set<Int> = []

  /// After the faults, everything has to end within this time; and within so much more for each link that comes about, and over
  /// which nothing ever passes.
  private static let bound = Duration.seconds(120)
  private static let hush = Duration.seconds(300)

  init(_ options: Options, omitting omitted: Protections = [], journal: Journal? = nil) {
    self.options = options
    expected = options.orders.map { ToyModel.results(of: $0.work()) }
    var setup = options.setup
    setup.omitted = omitted
    world = World(setup, seed: options.seed)
    world.journal = journal
    start = world.now
    for index in 1...options.workers { world.addWorker(memory: index == options.lean ? options.leanMemory : nil) }
    world.poison = Set(options.orders.indices.filter { options.orders[$0].isPoison }.map { RequestID(UInt64($0)) })
    world.onResult = { [unowned self] in check($1, in: $0) }
    for index in options.orders.indices {
      let order = options.orders[index]
      world.at(start + .milliseconds(order.at)) { [unowned self] _ in submit(index) }
      if order.left > 0 { world.at(start + .milliseconds(order.left)) { [unowned self] in leave(index, $0) } }
    }
    for (index, fault) in options.faults.enumerated() {
      world.at(start + .milliseconds(fault.at)) { [unowned self] _ in if !isCalm { apply(fault, index) } }
    }
    world.at(start + .milliseconds(options.calm)) { [unowned self] _ in calm() }
  }

  /// - Returns: what must never be, and was.
  func run() -> String? {
    let hushed = options.faults.count { $0.kind == .hush && $0.lasting == 0 }
    let end = start + .milliseconds(options.calm) + Self.bound + Self.hush * hushed
    world.run(for: end - world.now) { isCalm && isDone }
    let violation = world.violation ?? verdict()
    tally.count(world)
    return violation
  }

  // MARK: - Clients

  private func submit(_ index: Int) {
    world.submit(UInt64(index), options.orders[index].work(), client: UInt64(options.orders[index].client))
    submitted.insert(index)
  }

  /// Its client goes away.
  private func leave(_ index: Int, _ world: World) {
    let id = RequestID(UInt64(index))
    if submitted.contains(index), !hasEnded(id) { world.cancel(id.rawValue) }
  }

  /// What the coordinator that is gone had not answered, its clients ask the next one for.
  func comeAgain() {
    guard !world.coordinatorProcess.isRunning else { return }
    world.restartCoordinator()
    for index in submitted.sorted() where !hasEnded(RequestID(UInt64(index))) {
      world.results[RequestID(UInt64(index))] = nil
      submit(index)
    }
  }

  /// Each result as it comes.
  private func check(_ id: RequestID, in world: World) {
    let (order, expected) = (options.orders[Int(id.rawValue)], expected[Int(id.rawValue)])
    let results = world.results[id]!
    if !expected.starts(with: results) {
      let place = zip(results, expected).prefix { $0 == $1 }.count
      world.violate("request \(id.rawValue) brings another result \(place) than a single process")
    }
    if order.cancelled > 0, results.count >= order.cancelled, !world.cancelled.contains(id) {
      world.cancel(id.rawValue)
    }
    guard order.held > 0, world.ends[id] == nil, results.count < expected.count else { return }
    world.tell(.hold(id), after: .zero)
    world.tell(.resume(id), after: .milliseconds(order.held))
  }

  private var isDone: Bool {
    if world.end != nil { return true }
    return world.ends.count + world.cancelled.count >= options.orders.count && world.isIdle
      && options.orders.indices.allSatisfy { hasEnded(RequestID(UInt64($0))) }
  }

  private func hasEnded(_ id: RequestID) -> Bool { world.ends[id] != nil || world.cancelled.contains(id) }

  /// Whether a worker of this name took long for anything, or could not say what it did.
  private func isEverBusy(_ name: String) -> Bool {
    options.faults.contains { fault in
      let kinds: [Fault.Kind] = [.stuck, .slow, .stop, .lag, .isolate, .mute, .halfOpen]
      let numbers = [fault.target, fault.other]
      return kinds.contains(fault.kind)
        && (numbers.contains { $0 < 0 } || fault.kind == .stop && fault.target == 0
          || world.nodes.contains { numbers.contains($0.index + 1) && name.hasPrefix($0.name) })
    }
  }

  private func verdict() -> String? {
    if napsOnly, world.statistic().losses > 0 { return "somebody was lost in a nap" }
    if let name = world.stalled.first(where: { name in !isEverBusy(name) }) {
      return "\(name) is said to hand nothing on, and is well"
    }
    if !options.faults.contains(where: { $0.kind == .lose || $0.kind == .copy }), let breach = world.breach {
      return "somebody is said to break the protocol, and nobody does: \(breach)"
    }
    if let end = world.end {
      // A worker that comes to nothing again and again is given up.
      return world.nodes.contains { $0.restarts >= Recovery.startLimit } ? nil : "the run ended: \(end)"
    }
    for (index, expected) in expected.enumerated() {
      let id = RequestID(UInt64(index))
      if world.cancelled.contains(id) { continue }
      guard let end = world.ends[id] else { return "request \(index) has not ended" }
      if let error = end {
        if let problem = problem(of: error, options.orders[index]) { return "request \(index): \(problem)" }
      } else if options.orders[index].isPoison {
        return "request \(index) came to an end that nobody survives"
      } else if world.results[id] ?? [] != expected {
        return "request \(index) has ended, and some of it is missing"
      }
    }
    if options.leavesOnly, world.lostPasses > 0 {
      return "\(world.lostPasses) passes were lost, and workers left in order"
    }
    return world.isIdle ? world.leak : "something is left in the pipe, and no request"
  }

  /// Why a request must not end like this; nil where it may.
  private func problem(of error: any Error, _ order: Order) -> String? {
    switch error {
    case AdmissionError.beyondBudget(let positions, let budget) where positions > budget: nil
    case AdmissionError.tooManyWaiting(options.waitingLimit): nil
    // Where it is not, the world has seen whether two died of it by chance.
    case ClusterError.poisonous: nil
    default: "\(error)"
    }
  }

  // MARK: - Faults

  /// No more of them: links carry what they had, processes go on, and there are enough that are well. What was never to end by
  /// itself stays as it is.
  private func calm() {
    isCalm = true
    for (index, block) in heldUp.sorted(by: { $0.key < $1.key }) where options.faults[index].lasting > 0 {
      heldUp[index] = nil
      world.unblock(block, resets: false)
    }
    world.lags = []
    world.resume(world.coordinatorProcess)
    if !world.coordinatorProcess.isRunning, world.end == nil { comeAgain() }
    topUp()
  }

  /// Whoever is missed and may be well is started. The plan may come to count on more than were asked for, so it is looked at
  /// again and again.
  private func topUp() {
    let endless = Set(
      options.faults.filter { $0.lasting == 0 && $0.isOfWorker }.flatMap { [$0.target, $0.other] })
    var wellCount = 0
    for node in world.nodes where !endless.contains(node.index + 1) {
      node.slowness = 1
      world.resume(node)
      world.hurry(node)
      wellCount += 1
      // The session does that for its own.
      if !options.sharesFiles { world.start(node) }
    }
    if options.sharesFiles { return }
    let needed = max(options.expected + options.spares, world.coordinator.lastStages.count)
    for _ in 0..<max(0, needed - wellCount) { world.addWorker() }
    world.at(world.now + .seconds(5)) { [unowned self] _ in topUp() }
  }
}

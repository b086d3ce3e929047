import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport
import ZeroMQ

@testable import Coordinator
@testable import Worker

/// A coordinator state and several worker states in virtual time: messages take a while, links may be cut or go silent, and the
/// model is a toy. What production code decides is decided here by the same code; only sockets, clocks and arithmetic are others.
final class World {
  /// What the cluster is made of.
  struct Setup {
    var workerCount = 3
    var spares = 0
    var means = RecoveryMeans.allCases
    /// Whether workers are the session's own, which starts them anew, and milliseconds that it takes for that.
    var restarts = false
    var startTime = 5...100
    /// Microseconds that a message takes from host to host.
    var latency = 100...300
    var slotCount = 16
    var microBatchRows: Int?
    var split: [Int]?
    var waitingLimit = 4096
    var creditLimit = WireLimits.credits.upperBound
    /// What keeps the cluster from harm and is left out.
    var omitted: Protections = []
    var patience = Duration.seconds(60)
    /// Bytes that a worker offers.
    var memory = 1 << 30
    /// Of which so much may be taken by what it hands on.
    var replayMemory = ClusterPlan.replayMemory
    /// Seconds that a block takes for a row, that one takes to be loaded, and that the head takes for a micro-batch.
    var rowSeconds = 1e-5
    var loadSeconds = 1e-3
    var headSeconds = 0.0
    /// Whether the coordinator's files are the workers' too.
    var sharesFiles = false
    var measuringTime = Duration.milliseconds(300)
  }

  enum Happening {
    case coordinator(CoordinatorEvent, [UInt64])
    case worker(WorkerEvent)
    case tick

    /// For what the socket was dialled that it comes over; nil where it comes over none of those.
    var purpose: Dial.Purpose? {
      switch self {
      case .coordinator(.first, _), .coordinator(.firstConnected, _), .coordinator(.firstDisconnected, _),
        .worker(.next), .worker(.nextConnected), .worker(.nextDisconnected):
        .data
      case .worker(.coordinator), .worker(.coordinatorConnected), .worker(.coordinatorDisconnected): .control
      default: nil
      }
    }
  }

  enum Event {
    case reach(Process, life: Int, Happening)
    case wake(Process, life: Int)
    case tick(Process, life: Int)
    case connect(Dial)
    case arrive(Session, way: Int, Parcel)
    /// An end of the connection learns that it is over.
    case ended(Session, way: Int)
    /// The thread has done what it was given to do, or a part of it.
    case computed(Node, task: Int, [UInt64])
    case progressed(Node, task: Int)
    case loaded(Node, task: Int)
    case measured(Node, task: Int)
    case act((World) -> Void)
  }

  let setup: Setup
  static let start: Instant = 1_000_000_000
  var now = World.start
  var queue = EventQueue<Event>()
  var random: SeededNumbers

  // The coordinator.
  let coordinatorProcess = Process("coordinator", "tcp://10.0.0.1:7070")
  var coordinator: CoordinatorState
  let statistics = StatisticsBox(timelineLimit: 0)
  var first: Dial?
  /// Activations of the pass that is looked at.
  var arrived: [UInt64] = []
  var epoch: Epoch { coordinator.roster.epoch }

  // The workers and the network.
  var nodes: [Node] = []
  /// Connections that may still carry something, in the order in which they came about.
  var sessions: [Session] = []
  var connectionCount: UInt64 = 0
  /// Where nothing passes, by the block that it is part of.
  var blocks: [(id: Int, path: Path)] = []
  var blockCount = 0
  /// Where everything takes longer.
  var lags: [(id: Int, path: Path, time: Duration)] = []

  // What came of it.
  var results: [RequestID: [ToyResult]] = [:]
  var ends: [RequestID: (any Error)?] = [:]
  var cancelled: Set<RequestID> = []
  var notices: [EngineNotice] = []
  var end: (any Error)?
  var isOpen = false
  /// What must never be.
  private(set) var violation: String?
  var eventCount = 0
  /// What of the code was reached by those that are gone; see ``marks``.
  var earlierMarks = Marks()
  var journal: Journal?
  /// Is told of each result, before the next event.
  var onResult: ((World, RequestID) -> Void)?
  /// Whose rows are in the micro-batches, and those of the plan in the order in which they were sent.
  var riders: [UInt64: [RequestID]] = [:]
  var sent: [UInt64] = []
  /// What processes had in hand when they were gone with their plan.
  var deaths: [Death] = []
  /// Micro-batches that were in the pipe when their plan was lost.
  var lostPasses = 0
  /// Whoever computes a row of these dies.
  var poison: Set<RequestID> = []

  init(_ setup: Setup, seed: Int) {
    self.setup = setup
    random = SeededNumbers(mixed(UInt64(truncatingIfNeeded: seed)))
    coordinator = Self.makeCoordinator(setup, statistics, &random, now)
    startCoordinator()
  }

  convenience init(
    workers count: Int, seed: Int, latency: ClosedRange<Int> = 100...300,
    means: [RecoveryMeans] = RecoveryMeans.allCases
  ) {
    var setup = Setup()
    (setup.workerCount, setup.latency, setup.means) = (count, latency, means)
    self.init(setup, seed: seed)
    for _ in 0..<count { addWorker() }
  }

  /// Notes what must never be; only the first counts.
  func violate(_ what: @autoclosure () -> String) {
    guard violation == nil else { return }
    violation = what()
    journal?.note(now, "VIOLATION: \(violation!)")
  }

  // MARK: - Time

  /// - Returns: whether it came to be within the time.
  @discardableResult
  func run(for limit: Duration, until isDone: () -> Bool) -> Bool {
    let end = now + limit
    while !isDone() {
      guard violation == nil, let next = queue.nextTime, next <= end else {
        now = end
        return isDone()
      }
      let (time, event) = queue.removeFirst()
      now = max(now, time)
      eventCount += 1
      happen(event)
    }
    return true
  }

  func at(_ time: Instant, _ body: @escaping (World) -> Void) { queue.add(.act(body), at: max(now, time)) }

  private func happen(_ event: Event) {
    switch event {
    case .reach(let process, let life, let happening):
      if process.life == life { reach(process, happening) }
    case .wake(let process, let life):
      guard process.life == life, process.isRunning else { return }
      if process.haltedUntil > now { return queue.add(event, at: process.haltedUntil) }
      drain(process)
      if let node = process as? Node { takeMessages(node) }
    case .tick(let process, let life): if process.life == life, process.isRunning { tick(process) }
    case .connect(let dial): connect(dial)
    case .arrive(let session, let way, let parcel): arrive(session, way, parcel)
    case .ended(let session, let way): ended(session, way)
    case .computed(let node, let task, let values):
      if isDue(node, task, event) { computed(node, values) }
    case .progressed(let node, let task):
      if isDue(node, task, event) { handle(.progressed, by: node) }
    case .loaded(let node, let task):
      if isDue(node, task, event) { loaded(node) }
    case .measured(let node, let task):
      if isDue(node, task, event) { measured(node) }
    case .act(let body): body(self)
    }
  }

  /// Whether a thread has come so far; one that is stopped comes there later.
  private func isDue(_ node: Node, _ task: Int, _ event: Event) -> Bool {
    guard node.isRunning, node.task == task else { return false }
    guard node.haltedUntil > now else { return true }
    queue.add(event, at: node.haltedUntil)
    return false
  }

  /// Something for a process to look at, when it comes to it.
  func reach(_ process: Process, _ happening: Happening) {
    guard process.isRunning else { return }
    guard process.backlog.isEmpty, !process.isBusy(now) else {
      // What happens to the control link's connection is looked at before what came over it.
      if case .worker(.coordinatorDisconnected) = happening {
        process.backlog.insert(happening, at: 0)
      } else {
        process.backlog.append(happening)
      }
      if process.backlog.count == 1, !process.isWorking {
        queue.add(.wake(process, life: process.life), at: max(now, process.haltedUntil))
      }
      return
    }
    look(process, happening)
  }

  /// Looks at what has come meanwhile.
  func drain(_ process: Process) {
    let life = process.life
    while !process.backlog.isEmpty, process.isRunning, process.life == life {
      if process.isBusy(now) {
        if !process.isWorking { queue.add(.wake(process, life: life), at: process.haltedUntil) }
        return
      }
      look(process, process.backlog.removeFirst())
    }
  }

  private func look(_ process: Process, _ happening: Happening) {
    switch happening {
    case .coordinator(let event, let values):
      arrived = values
      handle(event)
      handle(.tick)
    case .worker(let event):
      guard let node = process as? Node else { return }
      handle(event, by: node)
      handle(.tick, by: node)
      takeMessages(node)
    case .tick:
      if let node = process as? Node {
        handle(.tick, by: node)
        takeMessages(node)
      } else {
        handle(.tick)
      }
    }
  }

  /// A process looks at the time several times a second, if it can.
  private func tick(_ process: Process) {
    let node = process as? Node
    if !process.isBusy(now), process.backlog.isEmpty {
      look(process, .tick)
    } else if let node, node.isStuck, node.isWorking, node.haltedUntil <= now {
      handle(.progressed, by: node)
    }
    guard process.isRunning else { return }
    var next = now + .milliseconds(100)
    if let node, !node.isBusy(now) { next = max(now + .milliseconds(1), node.state.nextTick - node.clock) }
    queue.add(.tick(process, life: process.life), at: next)
  }
}

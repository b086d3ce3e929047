internal import MicroBatching
internal import Pipeline
internal import Platform
internal import ZeroMQ

/// Who is of the cluster, and how far each has come: pure, with the time passed in.
///
/// A worker goes from hello through welcome, measurement and assignment to ready. What it says that does not fit where it stands is
/// its error, never the coordinator's.
struct Roster {
  /// What identifies a worker's control link: its routing id.
  typealias ID = [UInt8]

  enum Standing: Equatable {
    case welcomed
    case measured
    case assigned(stage: Int)
    case ready(stage: Int)
    /// No stage of this plan.
    case spare

    /// Whether it may ask for weights of blocks that it is to hold.
    var awaitsWeights: Bool { if case .ready = self { false } else { true } }
  }

  struct Member {
    let id: ID
    /// The name it gave, with a number where others have the same.
    let name: String
    let hello: Hello
    let caller: Caller
    /// When it said hello.
    let arrival: Instant
    /// Whether it has said more than hello: anybody who gets in can say that, and go.
    var hasReported = false
    var standing: Standing
    /// The blocks that it was told to hold, and those of them that it has said to have.
    var holding: LayerRange = 0..<0
    var held: LayerRange = 0..<0
    /// Whether it has asked to go.
    var isLeaving = false
    /// Messages taken so far; the number the next one has.
    var received: UInt64
    /// Messages sent so far.
    var sent: UInt64 = 0
    var blockTimes: [BlockTime] = []
    var ready: Ready?
    var lastHeard: Instant
    /// Blocks run and tensors loaded.
    var progress: UInt64 = 0
    /// Micro-batches of the epoch that its stage has taken, and handed on.
    var taken: UInt64 = 0
    var passed: UInt64 = 0
    /// When any of these three changed last.
    var lastMoved: Instant
    /// When it last came on with loading, or was told to.
    var lastLoaded: Instant
    /// How far it came, in a plan that was over when it said so.
    var lastWord: (epoch: Epoch, taken: UInt64, passed: UInt64)?
    /// When it last said something of the present plan, or was first seen after it was told of it; nil just after that.
    var lastCurrent: Instant?
    /// Its monotonic clock less the coordinator's, in nanoseconds, by the quickest exchange so far.
    var clockOffset: Int64 = 0
    var quickestExchange = Duration.seconds(3600)

    /// Whether it was told to hold blocks, and has not answered that yet.
    var isAwaited: Bool { !holding.isEmpty && ready == nil }
    /// Whether it reads blocks.
    var isLoading: Bool { held != holding }
    /// Whether it may be at something long: it measures, or reads blocks.
    var isBusy: Bool { standing == .welcomed || isLoading }

    var stage: Int? {
      switch standing {
      case .assigned(let stage), .ready(let stage): stage
      default: nil
      }
    }
  }

  typealias Caller = Pipeline.Caller

  enum Event: Equatable {
    /// Somebody new: to be welcomed.
    case welcome(ID)
    /// It has answered the welcome: it counts from now on.
    case joined(ID)
    /// It has measured what it was to measure.
    case measured(ID)
    /// The process of a member has said hello again, as somebody new: its last incarnation is gone.
    case replaced(name: String, stage: Int?)
    /// Turned away.
    case refused(ID, name: String, reason: String)
    case wanted(ID, Wanted)
    /// All stages are ready.
    case ready
    /// A spare has the blocks that it was to hold.
    case holds(ID)
    /// It asks to go, and serves on meanwhile.
    case leaving(ID)
    /// It is gone: silent or cut off.
    case lost(name: String, stage: Int?, reason: String)
    /// It said that it cannot go on, and is gone.
    case failed(name: String, stage: Int?, reason: String)
    /// It said that a link of its stage does not work any more; it is there, and no stage.
    case linkFailed(name: String, stage: Int, LinkSide, Failure)
    /// Its stage has had a micro-batch for so long and does nothing.
    case stalled(ID, name: String, stage: Int, Duration)
    /// It said what it must not, and counts as gone.
    case broken(name: String, stage: Int?, reason: String)
    /// From nobody we know.
    case stranger(ID, reason: String)
    /// It is of a plan that is over.
    case fenced
    /// How far its stage came of a plan that is over.
    case lastWord(ID, Epoch, taken: UInt64, passed: UInt64)
  }

  let expected: Int
  let measures: Bool
  let configuration: [UInt8]
  /// How matrices are held in memory, by name.
  let weights: String
  let programVersion: String
  /// Whether workers dial in over a network or loopback, and not within this process.
  let isRemote: Bool
  /// The keys that are let in, and the names of those that have one; nil where all share a key, or none is needed.
  var allowed: AllowedKeys?
  var members: [Member] = []
  private(set) var isAssigned = false
  var omitted: Protections = []
  /// What of this code was reached.
  var marks = Marks()
  /// Which plan the stages are of; grows from plan to plan.
  private(set) var epoch: Epoch

  /// How long a worker may be silent: before it serves, and while it does.
  static let joiningPatience = Duration.seconds(10)
  static let servingPatience = Duration.milliseconds(1400)
  /// How long a stage may have a micro-batch and do nothing, beyond ``grace(blockSeconds:)``.
  static let stallPatience = Duration.seconds(3)
  /// How long loading may take without a step, of all who load, beyond that grace.
  static let loadingPatience = Duration.seconds(120)
  /// By how much a worker's own word on its speed can make others wait.
  static let longestGrace = Duration.seconds(30)
  /// What a worker's clock and the coordinator's may differ by.
  static let measuringSlack = Duration.seconds(1)
  /// Who takes longer for a block is of no use to the others.
  static let slowestBlock = Duration.seconds(10)
  /// Most workers that may dial in, and most from one address that have only said hello.
  static let memberLimit = 1024
  static let callerLimit = 64

  /// - Parameters:
  ///   - configuration: fingerprint of the model's configuration.
  ///   - incarnation: the coordinator's.
  init(
    expected: Int, measures: Bool, configuration: [UInt8], weights: String = "auto", programVersion: String,
    incarnation: UInt64,
    isRemote: Bool = true,
    allowed: AllowedKeys? = nil
  ) {
    (self.isRemote, self.allowed) = (isRemote, allowed)
    self.expected = expected
    self.measures = measures
    self.configuration = configuration
    (self.weights, self.programVersion) = (weights, programVersion)
    epoch = Epoch(coordinator: incarnation, plan: 0)
  }

  func index(of id: ID) -> Int? { members.firstIndex { $0.id == id } }

  subscript(id: ID) -> Member? { index(of: id).map { members[$0] } }

  /// The workers that serve, stage by stage.
  var stages: [Member] {
    members.filter { $0.stage != nil }.sorted { $0.stage! < $1.stage! }
  }

  /// Whether every stage is ready.
  var isReady: Bool {
    isAssigned && stages.allSatisfy { if case .ready = $0.standing { true } else { false } }
  }

  /// The workers that can be given blocks.
  var candidates: [Member] {
    members.filter { $0.hasReported && !$0.isLeaving && $0.standing == (measures ? .measured : .welcomed) }
  }

  /// Whether there was a plan.
  var hasServed: Bool { epoch.plan > 0 }

  /// Workers that count, with blocks or without.
  var joined: [Member] { members.filter(\.hasReported) }

  /// Whether a plan is due: all expected workers are there and have measured what they were to measure.
  var isComplete: Bool { !isAssigned && candidates.count >= expected }

  /// The header of the next message to a worker.
  mutating func header(for id: ID) -> Header {
    // The epoch is nobody else's to know.
    guard let index = index(of: id) else { return Header(number: 0) }
    defer { members[index].sent += 1 }
    return Header(epoch: epoch, number: members[index].sent)
  }

  /// Gives each stage of the plan its worker and its blocks. Those left out are spares, if they have measured what they were to,
  /// and hold what they have. What they are told is of an epoch of its own, and so is what they answer.
  mutating func assign(_ stages: [(id: ID, layers: LayerRange)], now: Instant) {
    let spares = Set(candidates.map(\.id))
    isAssigned = true
    epoch = epoch.next
    for index in members.indices {
      if let stage = stages.firstIndex(where: { $0.id == members[index].id }) {
        members[index].standing = .assigned(stage: stage)
        (members[index].lastCurrent, members[index].lastLoaded) = (nil, now)
        hold(stages[stage].layers, index)
      } else if spares.contains(members[index].id) {
        members[index].standing = .spare
        members[index].ready = nil
        hold(members[index].held, index)
      }
      (members[index].taken, members[index].passed) = (0, 0)
    }
  }

  /// A worker without a stage is to hold these blocks from now on.
  mutating func enlist(_ id: ID, holding layers: LayerRange) {
    guard let index = index(of: id), members[index].stage == nil else { return }
    members[index].standing = .spare
    members[index].ready = nil
    hold(layers, index)
  }

  private mutating func hold(_ layers: LayerRange, _ index: Int) {
    members[index].holding = layers
    members[index].held = members[index].held.clamped(to: layers)
  }

  /// Takes the plan back, and with it the epoch: everybody waits for another one, and holds on to the blocks it has.
  mutating func unassign() {
    isAssigned = false
    epoch = epoch.next
    for index in members.indices {
      // Somebody may have come too late to be measured.
      members[index].standing = measures && !members[index].blockTimes.isEmpty ? .measured : .welcomed
      members[index].ready = nil
      (members[index].taken, members[index].passed) = (0, 0)
    }
  }

  /// Whose connection it is.
  func owner(of connection: ConnectionNumber) -> ID? { members.first { $0.caller.connection == connection }?.id }
}

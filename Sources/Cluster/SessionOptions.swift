public import Coordinator
internal import Pipeline
public import ZeroMQ

/// Where a session's workers are, and what they are to do.
public struct SessionOptions: Sendable {
  /// Where the blocks run.
  public enum Place: Sendable {
    /// On threads of this process.
    case inProcess(stages: Int)
    /// In processes that are started on this machine: of a program, with arguments besides those of every worker.
    case spawned(count: Int, program: String, arguments: [String])
    /// On workers that dial in.
    case listening(at: String, workers: Int)
  }

  public var place: Place
  /// The pair that the coordinator proves itself with; nil where nothing is to be encrypted, and for a pair of the session's own.
  public var key: CurveKeyPair?
  /// Whose keys are let in; nil where all share one.
  public var allowedKeys: AllowedKeys?
  /// What a worker is started with besides the coordinator's address, for people.
  public var workerFlags = ""
  /// Blocks of each stage, set by hand.
  public var split: [Int]?
  /// Workers besides, which hold blocks for when one is lost.
  public var spares = 0
  /// What is done about a worker or a link that is lost, in this order; when it is empty, the session ends.
  public var means = RecoveryMeans.allCases
  /// Most bytes that each worker keeps of what it handed on, so that another stage's cache can be filled anew.
  public var replayMemory = ClusterPlan.replayMemory
  /// Whether workers that are sent home are to wait for another session at the same address.
  public var comesAgain = false
  /// Which program this is: workers of another build are refused.
  public var build = ProgramVersion.current
  /// Rows of a micro-batch, set by hand.
  public var microBatchRows: Int?
  /// Threads that compute, in each process; nil for all cores, shared among the processes of this machine.
  public var threads: Int?
  /// Most sequences in the pipe at once.
  public var slotCount: Int
  /// Most requests that wait.
  public var waitingLimit = Int.max
  /// How long workers are waited for; nil for 5 minutes, and for 30 seconds where they are started here.
  public var patience: Duration?
  /// How many micro-batches are written down.
  public var timelineLimit = 0

  public init(_ place: Place, slotCount: Int) { (self.place, self.slotCount) = (place, slotCount) }
}

extension SessionOptions.Place {
  /// Stages or workers.
  var count: Int {
    switch self {
    case .inProcess(let count), .spawned(let count, _, _), .listening(_, let count): count
    }
  }

  /// Whether the workers are this machine's, and read the very files that the coordinator reads.
  var isHere: Bool { if case .listening = self { false } else { true } }
}

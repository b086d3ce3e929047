public import Pipeline
public import ZeroMQ

/// How an engine finds its workers, and how it drives them.
public struct EngineOptions: Sendable {
  /// Where workers dial in; `inproc://…` for stages of this process.
  public var listen: String
  /// How many workers to wait for.
  public var workerCount: Int
  /// How the coordinator proves that it is of the cluster; nil where nothing is encrypted.
  public var credentials: Credentials?
  /// Whose keys are let in; nil where all share one.
  public var allowedKeys: AllowedKeys?
  /// What a worker is started with besides the coordinator's address, for people.
  public var workerFlags = ""
  /// Blocks of each stage, set by hand.
  public var split: [Int]?
  /// Workers besides, which hold blocks for when one is lost.
  public var spares = 0
  /// What is done about a worker or a link that is lost, in this order; when it is empty, the engine ends.
  public var means = RecoveryMeans.allCases
  /// Most bytes that each worker keeps of what it handed on, so that another stage's cache can be filled anew.
  public var replayMemory = ClusterPlan.replayMemory
  /// Starts a worker anew, by its name, and ends it first if it is there; nil where workers come by themselves. Must not block.
  public var restart: (@Sendable (String) -> Void)?
  /// Whether workers that are sent home are to wait for another engine at the same address.
  public var comesAgain = false
  /// Which program this is: workers of another build are refused.
  public var build = ProgramVersion.current
  /// Rows of a micro-batch, set by hand.
  public var microBatchRows: Int?
  /// Whether workers read the very files that the coordinator reads, so that nothing need be compared.
  public var sharesFiles: Bool
  /// Threads for embedding, head and sampling.
  public var threads: Int
  /// Most sequences in the pipe at once.
  public var slotCount: Int
  /// Most requests that wait for a slot or for room in the caches.
  public var waitingLimit: Int
  /// How long workers are waited for.
  public var patience: Duration
  /// How many micro-batches are written down for the timeline, the newest ones; 0 keeps none.
  public var timelineLimit: Int

  public init(
    listen: String, workerCount: Int, credentials: Credentials? = nil, split: [Int]? = nil, microBatchRows: Int? = nil,
    sharesFiles: Bool = false, threads: Int, slotCount: Int = 64, waitingLimit: Int = 4096,
    patience: Duration = .seconds(300), timelineLimit: Int = 0
  ) {
    self.listen = listen
    self.workerCount = workerCount
    self.credentials = credentials
    self.split = split
    self.microBatchRows = microBatchRows
    self.sharesFiles = sharesFiles
    self.threads = threads
    self.slotCount = slotCount
    self.waitingLimit = waitingLimit
    self.patience = patience
    self.timelineLimit = timelineLimit
  }
}

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

/// What an engine tells while workers join.
public enum EngineNotice: Sendable {
  case listening(String, workers: Int)
  case joined(name: String, address: String, folder: String, count: Int, of: Int)
  case left(name: String, reason: String, count: Int, of: Int)
  case refused(name: String, reason: String)
  /// A message of somebody who is not of the cluster was dropped; `reason` says what they did.
  case ignored(address: String?, reason: String)
  /// Somebody dialled in, and it came to no messages.
  case connectionFailed(reason: String)
  /// How work is cut: rows of a chunk of a prompt at most, and micro-batches in flight at most.
  case paced(rows: Int, inFlight: Int)
  /// Who holds which blocks.
  case planned([StageDescription], spares: [String])
  /// How far the stages are with their weights; comes now and then, when something has changed.
  case loading(ready: Int, of: Int, bytesSent: Int)
  case ready([StageDescription])
  /// There are no descriptors left for those who dial in.
  case shortOfDescriptors
  /// Something is lost, and the cluster ends at once, or when it is known better what.
  case ending(String)
}

/// One stage of the running pipe.
public struct StageDescription: Hashable, Sendable {
  public var name: String
  public var address: String
  public var layers: Range<Int>
  public var threads: Int
  public var kernels: String
  /// Bytes of its weights, by how they came.
  public var bytesRead = 0
  public var bytesReceived = 0
  public var bytesCached = 0
}

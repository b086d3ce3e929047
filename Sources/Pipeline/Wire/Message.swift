public import MicroBatching

/// Everything that crosses between a coordinator and its workers; each case says who sends it to whom.
public enum Message: Hashable, Sendable {
  // Worker to coordinator, on the control link.
  case hello(Hello)
  case measurement(Measurement)
  case wanted(Wanted)
  case ready(Ready)
  case heartbeat(Heartbeat)
  case failure(Failure)

  // Coordinator to worker, on the control link.
  case welcome(Welcome)
  case refusal(Refusal)
  case assignment(Assignment)
  case piece(Piece)
  case pulse(Pulse)

  // Either way, on the control link.
  case goodbye(Goodbye)

  // Sender to receiver of activations, and credit back.
  case open(Open)
  case credit(Credit)
  /// The only message with a second frame: the activations, `[R, C]` fp32 little-endian, row-major, without gaps.
  case pass(Pass)
}

/// A worker introduces itself.
public struct Hello: Hashable, Sendable {
  /// What people call the worker.
  public var name: String
  /// Random, new with every start; name and incarnation together are the routing id.
  public var incarnation: UInt64
  /// Of the program, for messages.
  public var programVersion: String
  /// Instruction set.
  public var kernels: String
  public var threads: Int
  /// Bytes the worker offers for weights and cache.
  public var memory: Int
  /// Cores of its machine, and what identifies the machine: workers of one host share them.
  public var cores: Int
  public var host: String
  /// Where the previous stage reaches it.
  public var address: String
  /// Its checkpoint's folder, for messages; empty when it has none.
  public var folder: String
  /// Fingerprint of its checkpoint's configuration, 32 bytes; empty when it has none.
  public var configuration: [UInt8]

  public init(
    name: String, incarnation: UInt64, programVersion: String, kernels: String, threads: Int, memory: Int,
    cores: Int, host: String, address: String, folder: String, configuration: [UInt8]
  ) {
    self.name = name
    self.incarnation = incarnation
    self.programVersion = programVersion
    self.kernels = kernels
    self.threads = threads
    self.memory = memory
    self.cores = cores
    self.host = host
    self.address = address
    self.folder = folder
    self.configuration = configuration
  }
}

/// How fast the worker runs blocks of the model's shape.
public struct Measurement: Hashable, Sendable {
  /// In ascending order of rows.
  public var points: [BlockTime]

  public init(points: [BlockTime]) {
    self.points = points
  }
}

/// The worker asks for pieces of a tensor.
public struct Wanted: Hashable, Sendable {
  /// Index into the assignment's tensors.
  public var tensor: Int
  /// Byte to begin at.
  public var offset: Int
  /// How many pieces may be sent for this request.
  public var pieces: Int

  public init(tensor: Int, offset: Int, pieces: Int) {
    self.tensor = tensor
    self.offset = offset
    self.pieces = pieces
  }
}

/// The worker has its slice, and its link to the next stage stands.
public struct Ready: Hashable, Sendable {
  /// Bytes of weights read from files, received from the coordinator, and found in the cache.
  public var bytesRead: Int
  public var bytesReceived: Int
  public var bytesCached: Int
  public var nanoseconds: UInt64

  public init(bytesRead: Int, bytesReceived: Int, bytesCached: Int, nanoseconds: UInt64) {
    self.bytesRead = bytesRead
    self.bytesReceived = bytesReceived
    self.bytesCached = bytesCached
    self.nanoseconds = nanoseconds
  }
}

/// Sent by the thread that computes, between blocks at the latest.
public struct Heartbeat: Hashable, Sendable {
  /// Counts blocks that were run, or tensors that were loaded.
  public var progress: UInt64
  /// The worker's monotonic clock, in nanoseconds.
  public var time: UInt64
  /// The coordinator's time in the last pulse that arrived, and the worker's time when it did; 0 before.
  public var pulse: UInt64
  public var pulseArrival: UInt64

  public init(progress: UInt64, time: UInt64, pulse: UInt64, pulseArrival: UInt64) {
    self.progress = progress
    self.time = time
    self.pulse = pulse
    self.pulseArrival = pulseArrival
  }
}

/// Why the worker cannot go on; a sentence for a person.
public struct Failure: Hashable, Sendable {
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}

/// The coordinator takes the worker in and tells it the model.
public struct Welcome: Hashable, Sendable {
  /// `config.json` of the model.
  public var configuration: [UInt8]
  /// Whether the worker is to measure its speed.
  public var measures: Bool

  public init(configuration: [UInt8], measures: Bool) {
    self.configuration = configuration
    self.measures = measures
  }
}

/// The coordinator turns the worker away; a sentence for a person.
public struct Refusal: Hashable, Sendable {
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}

/// What the worker is to serve in this epoch.
public struct Assignment: Hashable, Sendable {
  public var stage: Int
  public var stageCount: Int
  public var layers: LayerRange
  public var slotCount: Int
  /// Most rows of a micro-batch.
  public var rowLimit: Int
  /// Micro-batches that may be on their way to this worker at once.
  public var credits: Int
  /// Where the next stage, or the coordinator behind the last, receives activations.
  public var next: String
  /// Whether the worker's own files are the coordinator's, so that nothing need be compared.
  public var sharesFiles: Bool
  /// The slice's tensors, in the order they are used.
  public var tensors: [TensorDescription]

  public init(
    stage: Int, stageCount: Int, layers: LayerRange, slotCount: Int, rowLimit: Int, credits: Int, next: String,
    sharesFiles: Bool, tensors: [TensorDescription]
  ) {
    self.stage = stage
    self.stageCount = stageCount
    self.layers = layers
    self.slotCount = slotCount
    self.rowLimit = rowLimit
    self.credits = credits
    self.next = next
    self.sharesFiles = sharesFiles
    self.tensors = tensors
  }
}

/// A tensor as it is stored in the coordinator's checkpoint.
public struct TensorDescription: Hashable, Sendable {
  /// Without `transformer.`.
  public var name: String
  /// `F32`, `F16` or `BF16`.
  public var elementType: String
  public var shape: [Int]
  /// 32 bytes; empty when ``Assignment/sharesFiles``.
  public var fingerprint: [UInt8]

  public init(name: String, elementType: String, shape: [Int], fingerprint: [UInt8]) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.fingerprint = fingerprint
  }
}

/// Bytes of a tensor as they are stored.
public struct Piece: Hashable, Sendable {
  /// Most bytes of a piece.
  public static let byteLimit = 1 << 18
  public var tensor: Int
  public var offset: Int
  public var bytes: [UInt8]

  public init(tensor: Int, offset: Int, bytes: [UInt8]) {
    self.tensor = tensor
    self.offset = offset
    self.bytes = bytes
  }
}

/// The coordinator lives.
public struct Pulse: Hashable, Sendable {
  /// The coordinator's monotonic clock, in nanoseconds.
  public var time: UInt64

  public init(time: UInt64) {
    self.time = time
  }
}

/// The sender leaves in order; nothing follows.
public struct Goodbye: Hashable, Sendable {
  /// Empty when the work is done.
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}

/// The sender will send activations on this link.
public struct Open: Hashable, Sendable {
  /// Index of the sending stage; −1 is the coordinator.
  public var stage: Int

  public init(stage: Int) {
    self.stage = stage
  }
}

/// The receiver has room for so many passes more.
public struct Credit: Hashable, Sendable {
  public var passes: Int
}

/// A micro-batch on its way through the stages.
public struct Pass: Hashable, Sendable {
  public var microBatch: MicroBatch
  /// Values in a row of the activations, C.
  public var width: Int
  /// What the stages so far did with it, first stage first.
  public var records: [StageRecord]

  public init(microBatch: MicroBatch, width: Int, records: [StageRecord]) {
    self.microBatch = microBatch
    self.width = width
    self.records = records
  }
}

/// What one stage did with one micro-batch, on the stage's monotonic clock, in nanoseconds.
public struct StageRecord: Hashable, Sendable {
  /// When the stage took the micro-batch from its link.
  public var received: UInt64
  /// When it had computed it.
  public var computed: UInt64
  /// Time the stage had waited for it with nothing to do.
  public var waited: UInt64
  /// Time it took to hand on the micro-batch before this one.
  public var sent: UInt64

  public init(received: UInt64, computed: UInt64, waited: UInt64, sent: UInt64) {
    self.received = received
    self.computed = computed
    self.waited = waited
    self.sent = sent
  }
}

/// Time that one block takes for a micro-batch of so many rows.
public struct BlockTime: Hashable, Sendable {
  public var rows: Int
  public var seconds: Double

  public init(rows: Int, seconds: Double) {
    self.rows = rows
    self.seconds = seconds
  }
}

import Cluster
import Coordinator
import FoundationEssentials
import GPT2
import Pipeline
import Platform
import Wording
import Worker
import ZeroMQ

/// A cluster by a command's flags: what of it people are told.
final class CommandSession {
  let checkpoint: Checkpoint
  private let cluster: ClusterSession
  private let flags: ClusterOptions
  private let trace: TraceFile?
  private let allowed: AllowedKeysFile?
  private let started = Instant.now
  private var stages: [StageDescription] = []
  /// From the start until every stage was ready.
  private(set) var loadTime = Duration.zero

  var engine: Engine { cluster.engine }

  /// - Parameters:
  ///   - slotCount: sequences in the pipe at once.
  ///   - waitingLimit: requests that wait at most; a command knows all of its own from the beginning.
  ///   - comesAgain: whether workers are to wait for another session when this one ends.
  ///   - observer: told how the cluster comes together too.
  init(
    _ model: ModelOptions, _ flags: ClusterOptions, slotCount: Int, waitingLimit: Int = .max, comesAgain: Bool = false,
    observer: @escaping @Sendable (EngineNotice) -> Void = { _ in }
  ) throws {
    checkpoint = try model.checkpoint()
    for note in checkpoint.notes { Terminal.note(note) }
    trace = try flags.trace.map { try TraceFile(path: $0) }
    allowed = try flags.allowedKeys.map { try AllowedKeysFile(path: $0) }
    var options = SessionOptions(try flags.place(model), slotCount: slotCount)
    options.key = try flags.keyPair()
    options.allowedKeys = allowed?.keys
    options.workerFlags = flags.workerFlags
    options.split = try flags.split.map { try StagePlan.parts(of: $0) }
    if let split = options.split {
      try StagePlan.check(
        split: split, blockCount: checkpoint.configuration.layerCount, memberCount: flags.workerCount)
    }
    options.microBatchRows = flags.microBatch
    (options.spares, options.means) = (flags.spares ?? 0, flags.means)
    if let size = flags.replayMemory.flatMap({ Quantity.bytes($0) }) { options.replayMemory = size }
    (options.comesAgain, options.build) = (comesAgain, GPT2Command.build)
    options.threads = model.threads
    options.waitingLimit = waitingLimit
    options.patience = flags.wait.map { .seconds($0) }
    options.timelineLimit = flags.timelineLimit ?? (flags.trace == nil ? 0 : 1_000_000)
    let (tellsAll, workerFlags, handshakes) = (flags.listen != nil, flags.workerFlags, HandshakeLog())
    let cluster = try ClusterSession(checkpoint, options) { refusal in
      let (address, key) = (refusal.address, refusal.key.map { " (\($0.z85))" } ?? "")
      Terminal.warn("turned away a connection from \(address): its key\(key) is not the cluster's", of: address)
    } notify: { notice in
      observer(notice)
      Self.tell(notice, all: tellsAll, workerFlags: workerFlags, handshakes)
    }
    if let listen = flags.listen { Self.checkLoopback(listen, cluster.engine.address) }
    allowed?.watch { keys in cluster.allow(keys) }
    (self.cluster, self.flags) = (cluster, flags)
  }

  var configuration: Configuration { checkpoint.configuration }

  /// Says so when the model has other tokens than its tokenizer.
  func compare(_ tokenizer: Tokenizer?) {
    guard let note = tokenizer?.note(on: configuration) else { return }
    Terminal.note("\(checkpoint.folder.name): \(note)")
  }

  /// Waits until every stage is ready, and says so.
  func ready() async throws {
    stages = try await engine.ready()
    loadTime = .now - started
    let name = "\(checkpoint.folder.name): \(count(configuration.layerCount, "block"))"
    let weights = "weights in \(configuration.weights.name)"
    if stages.count == 1, flags.isInProcess {
      Terminal.detail(
        "\(name), \(weights), read \(bytes(weightBytesRead)) in \(loadTime.short); \(stages[0].kernels), \(count(stages[0].threads, "thread"))"
      )
      return
    }
    Terminal.detail("\(name) in \(count(stages.count, "stage")), \(weights), ready in \(loadTime.short)")
    for (index, stage) in stages.enumerated() { Terminal.detail("  stage \(index + 1), \(stage.line)") }
  }

  private var weightBytesRead: Int {
    checkpoint.byteCount(of: [.embedding, .finalNorm, .head]) + stages.reduce(0) { $0 + $1.bytesRead }
  }

  /// Ends the cluster: writes the timeline, says what each stage did, and waits for the workers to go.
  ///
  /// - Parameter tells: whether to say what each stage did.
  func close(tells: Bool = true) throws {
    if let trace {
      let timeline = engine.timeline
      try trace.write(timeline)
      Terminal.note(
        "\(trace.path): \(count(timeline.microBatches.count, "micro-batch", plural: "micro-batches")); open it at ui.perfetto.dev or chrome://tracing"
      )
    }
    if tells, !(flags.isInProcess && flags.workerCount == 1) {
      Terminal.detail(engine.statistics.table(width: Terminal.width))
    }
    cluster.end()
  }

  /// Says when nobody from outside can reach the address that was meant for them: Debian gives a machine's own name to loopback.
  private static func checkLoopback(_ listen: String, _ listening: String) {
    guard let meant = try? Address(listen), !meant.isLocal, let address = try? Address(listening), address.isLocal,
      case .tcp(let host, let port) = address
    else { return }
    Terminal.warn(
      "\(listen) is loopback on this machine (\(host)): workers of other hosts cannot reach it; give the address that they know, or --listen tcp://0.0.0.0:\(port)"
    )
  }

  /// How many there are of those that were asked for; or just how many, when that is more.
  private static func tally(_ count: Int, of expected: Int) -> String {
    count <= expected ? "\(count) of \(expected)" : "\(count)"
  }

  private static func tell(_ notice: EngineNotice, all: Bool, workerFlags: String, _ handshakes: HandshakeLog) {
    switch notice {
    case .listening(let address, let workers) where all:
      Terminal.note(
        "waiting at \(address) for \(count(workers, "worker")): gpt2 worker --coordinator \(Address.dialed(address))\(workerFlags)"
      )
    case .joined(let name, let address, let folder, let count, let expected) where all:
      Terminal.note(
        "\(name) joined from \(address)\(folder.isEmpty ? ", without files" : ", with \(folder)") (\(Self.tally(count, of: expected)))"
      )
    case .left(let name, let reason, let count, let expected):
      Terminal.note("\(name) left: \(reason) (\(Self.tally(count, of: expected)))")
    case .refused(let name, let reason): Terminal.warn("refused \(name): \(reason)", of: name)
    case .ignored(let address, let reason):
      Terminal.warn("ignored \(address ?? "somebody"), who \(reason)", of: address ?? "")
    case .connectionFailed(let reason): handshakes.take("a connection failed: \(reason)", reason: reason)
    case .planned(_, let spares): for spare in spares { Terminal.note(spare) }
    case .paced(let rows, let inFlight) where inFlight > 1:
      Terminal.detail("work goes through in pieces (micro-batches) of up to \(rows) tokens, up to \(inFlight) at once")
    case .shortOfDescriptors: Terminal.warn(DescriptorLimit.exhausted)
    case .lost(let what, let next): Terminal.note("\(what); \(next)")
    case .replanning(let reason): Terminal.note(reason)
    case .waiting(let reason): Terminal.note(reason)
    case .recovered(let time): Terminal.note("work goes on after \(time.short)")
    case .spare(let name, let layers) where all:
      Terminal.note("\(name) is a spare with blocks \(layers.lowerBound) to \(layers.upperBound - 1)")
    case .slow(let name, let factor):
      Terminal.note("\(name) takes \(Int(factor.rounded())) times as long as it measured")
    case .listening, .joined, .paced, .loading, .ready, .ending, .spare: break
    }
  }
}

extension StageDescription {
  /// Who it is, what it holds and where that came from.
  var line: String {
    let blocks =
      layers.count == 1 ? "block \(layers.lowerBound)" : "blocks \(layers.lowerBound) to \(layers.upperBound - 1)"
    let sources = [(bytesRead, "read from files"), (bytesReceived, "received"), (bytesCached, "from its cache")]
    let origin = sources.line.isEmpty ? "in its memory" : sources.line
    return "\(name): \(blocks), \(origin); \(kernels), \(count(threads, "thread"))"
  }
}

extension [(Int, String)] {
  /// Bytes by where they come from, without those that are none.
  var line: String { filter { $0.0 > 0 }.map { "\(bytes($0.0)) \($0.1)" }.joined(separator: ", ") }
}

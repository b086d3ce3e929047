import Cluster
import Coordinator
import FoundationEssentials
import GPT2
import Pipeline
import Platform
import Worker
import ZeroMQ

/// An engine with its workers, from a command's flags.
final class ClusterSession {
  let engine: Engine
  let checkpoint: Checkpoint
  private let flags: ClusterOptions
  private let trace: TraceFile?
  private let context: Context
  private let authenticator: Authenticator?
  private let allowed: AllowedKeysFile?
  private let inProcess: InProcessWorkers?
  private let spawned: SpawnedWorkers?
  private let started = Instant.now
  private var stages: [StageDescription] = []
  /// From the start until every stage was ready.
  private(set) var loadTime = Duration.zero

  /// Starts the engine, and the workers that are its own to start.
  ///
  /// - Parameters:
  ///   - slotCount: sequences in the pipe at once.
  ///   - waitingLimit: requests that wait at most; a command knows all of its own from the beginning.
  ///   - observer: told how the cluster comes together too.
  init(
    _ model: ModelOptions, _ flags: ClusterOptions, slotCount: Int, waitingLimit: Int = .max,
    observer: @escaping @Sendable (EngineNotice) -> Void = { _ in }
  ) throws {
    let checkpoint = try model.checkpoint()
    for note in checkpoint.notes { Terminal.note(note) }
    let split = try flags.split.map { try StagePlan.parts(of: $0) }
    if let split {
      try StagePlan.check(
        split: split, blockCount: checkpoint.configuration.layerCount, memberCount: flags.workerCount)
    }
    trace = try flags.trace.map { try TraceFile(path: $0) }
    let context = try Context()
    let key = try flags.keyPair()
    let allowed = try flags.allowedKeys.map { try AllowedKeysFile(path: $0) }
    let authenticator = try key.map { key in
      let keys = allowed?.keys.keys ?? [key.publicKey]
      let authenticator = try Authenticator(context, accepting: keys) { refusal in
        let (address, key) = (refusal.address, refusal.key.map { " (\($0.z85))" } ?? "")
        Terminal.warn("turned away a connection from \(address): its key\(key) is not the cluster's", of: address)
      }
      try authenticator.selfTest()
      return authenticator
    }
    (self.allowed, self.authenticator) = (allowed, authenticator)
    // A stage a thread each would be more threads than cores: they share them.
    let threads = model.threads ?? max(1, Host.cores / (flags.listen == nil ? flags.workerCount : 1))
    var options = EngineOptions(
      listen: flags.listen ?? (flags.spawn == nil ? "inproc://coordinator" : "tcp://127.0.0.1:0"),
      workerCount: flags.workerCount, credentials: key.map { Credentials($0) }, split: split,
      microBatchRows: flags.microBatch, sharesFiles: flags.listen == nil,
      threads: model.threads ?? (flags.isInProcess && flags.workerCount == 1 ? Host.cores : threads),
      slotCount: slotCount, waitingLimit: waitingLimit,
      patience: .seconds(flags.wait ?? (flags.listen == nil ? 30 : 300)),
      timelineLimit: flags.timelineLimit ?? (flags.trace == nil ? 0 : 1_000_000))
    options.allowedKeys = allowed?.keys
    options.workerFlags = flags.workerFlags
    let tellsAll = flags.listen != nil
    let handshakes = HandshakeLog()
    let workerFlags = flags.workerFlags
    let engine = try Engine(checkpoint, options: options, context: context) { notice in
      observer(notice)
      Self.tell(notice, all: tellsAll, workerFlags: workerFlags, handshakes)
    }
    if let listen = flags.listen { Self.checkLoopback(listen, engine.address) }
    if let allowed, let authenticator {
      allowed.watch { keys in
        authenticator.accept(keys.keys)
        engine.allow(keys)
      }
    }
    if let count = flags.spawn {
      spawned = try SpawnedWorkers(
        count: count, program: try Self.program(), key: key!,
        arguments: { _, name in
          ["--coordinator", engine.address, "--listen", "tcp://127.0.0.1:0", "--name", name, "--threads", "\(threads)"]
            + ["--memory", "\(Host.availableMemory / count)", "--key-from-input", "--quiet"]
            + model.workerFlags
        },
        ended: { engine.lose(worker: $0, reason: $1) })
      inProcess = nil
    } else if flags.isInProcess {
      inProcess = try InProcessWorkers(
        count: flags.workerCount, coordinator: engine.address, checkpoint: checkpoint, threads: threads,
        context: context, failed: { engine.lose(worker: $0, reason: "\($1)") })
      spawned = nil
    } else {
      (inProcess, spawned) = (nil, nil)
    }
    (self.engine, self.checkpoint, self.flags, self.context) = (engine, checkpoint, flags, context)
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
    if stages.count == 1, flags.isInProcess {
      Terminal.detail(
        "\(name), read \(bytes(weightBytesRead)) in \(loadTime.short); \(stages[0].kernels), \(count(stages[0].threads, "thread"))"
      )
      return
    }
    Terminal.detail("\(name) in \(count(stages.count, "stage")), ready in \(loadTime.short)")
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
    engine.stop()
    // Others may hold on to the engine, and the workers are to hear that it ends.
    engine.waitForEnd()
  }

  // However the command ends: those who watch the workers hold on to the engine, and wait for the workers, who wait for it.
  deinit { engine.stop() }

  /// The program that is running.
  private static func program() throws -> String {
    do { return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") } catch {
      throw InputError.unreadable("/proc/self/exe", "it says where this program is; mount /proc")
    }
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

  private static func tell(_ notice: EngineNotice, all: Bool, workerFlags: String, _ handshakes: HandshakeLog) {
    switch notice {
    case .listening(let address, let workers) where all:
      Terminal.note(
        "waiting at \(address) for \(count(workers, "worker")): gpt2 worker --coordinator \(Address.dialed(address))\(workerFlags)"
      )
    case .joined(let name, let address, let folder, let count, let expected) where all:
      Terminal.note(
        "\(name) joined from \(address)\(folder.isEmpty ? ", without files" : ", with \(folder)") (\(count) of \(expected))"
      )
    case .left(let name, let reason, let count, let expected):
      Terminal.note("\(name) left: \(reason) (\(count) of \(expected))")
    case .refused(let name, let reason): Terminal.warn("refused \(name): \(reason)", of: name)
    case .ignored(let address, let reason):
      Terminal.warn("ignored \(address ?? "somebody"), who \(reason)", of: address ?? "")
    case .connectionFailed(let reason): handshakes.take("a connection failed: \(reason)", reason: reason)
    case .planned(_, let spares): for spare in spares { Terminal.note(spare) }
    case .paced(let rows, let inFlight) where inFlight > 1:
      Terminal.detail("work goes through in pieces (micro-batches) of up to \(rows) tokens, up to \(inFlight) at once")
    case .shortOfDescriptors: Terminal.warn(DescriptorLimit.exhausted)
    case .listening, .joined, .paced, .loading, .ready, .ending: break
    }
  }
}

extension StageDescription {
  /// Who it is, what it holds and where that came from.
  var line: String {
    let blocks =
      layers.count == 1 ? "block \(layers.lowerBound)" : "blocks \(layers.lowerBound) to \(layers.upperBound - 1)"
    let sources = [(bytesRead, "read from files"), (bytesReceived, "received"), (bytesCached, "from its cache")]
    return "\(name): \(blocks), \(sources.line); \(kernels), \(count(threads, "thread"))"
  }
}

extension [(Int, String)] {
  /// Bytes by where they come from, without those that are none.
  var line: String { filter { $0.0 > 0 }.map { "\(bytes($0.0)) \($0.1)" }.joined(separator: ", ") }
}

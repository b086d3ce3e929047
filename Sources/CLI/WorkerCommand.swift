import ArgumentParser
import Dispatch
import GPT2
import LibC
import Pipeline
import Platform
import Synchronization
import Wording
import Worker
import ZeroMQ

struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Run a share of the model's blocks for a coordinator.",
    discussion: """
      The coordinator is gpt2 generate, score, embed, serve or bench with --listen. A worker dials it, is told which blocks \
      to run, loads them, and runs them until the coordinator is done. Either may be started first.

        gpt2 generate "Hi" --listen tcp://127.0.0.1:7070 --workers 2
        gpt2 worker --coordinator tcp://127.0.0.1:7070
        gpt2 worker --coordinator tcp://10.0.0.1:7070 --key cluster.key

      Without --model the coordinator sends the blocks, and the worker keeps them in --cache for the next time. With \
      --model the worker reads them from its own copy of the coordinator's model.

      SIGTERM or Ctrl-C lets it leave in order: what is in the pipe comes back first, and its place is filled as a lost one's \
      is. When the coordinator is gone, it keeps its blocks and looks \
      for it again for --wait seconds.
      """)

  @Option(help: ArgumentHelp("Where the coordinator listens.", valueName: "address"))
  var coordinator: String

  @Option(
    help: ArgumentHelp(
      "Where the coordinator and other workers reach this one. (default: a free port of the interface that faces the coordinator)",
      valueName: "address"))
  var listen: String?

  @Option(help: ArgumentHelp("What others are told to dial. (default: --listen)", valueName: "address"))
  var advertise: String?

  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp("The model's folder. (default: the coordinator sends the blocks)", valueName: "dir"),
    completion: .directory)
  var model: String?

  @Flag(help: ArgumentHelp("Use the built-in demo model as --model.", visibility: .hidden))
  var demo = false

  @Option(help: ArgumentHelp("Use random weights of this shape as --model.", visibility: .hidden))
  var shape: ModelShape?

  @Option(
    help: ArgumentHelp("Folder for blocks that were sent. (default: ~/.cache/gpt2-cluster)", valueName: "dir"),
    completion: .directory)
  var cache: String?

  @Option(
    name: [.customShort("t"), .long], help: ArgumentHelp("Threads that compute. (default: one a core)", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "What this worker is called. (default: the host's name; HOST-2 for the second one there)", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp("Memory for blocks and cache, as 4GB or 512MiB. (default: what is free)", valueName: "size"))
  var memory: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Join only a coordinator that holds matrices as f32, bf16, f16, int8 or auto. (default: as it says)",
      valueName: "type"))
  var weights: WeightTypes.Choice?

  @Option(help: ArgumentHelp("Most seconds to look for the coordinator.", valueName: "seconds"))
  var wait: Int = 300

  @Option(
    help: ArgumentHelp(
      "The coordinator's public key, or its .pub file, where each member has a key of its own. (default: all share --key)",
      valueName: "key"))
  var coordinatorKey: String?

  @OptionGroup var security: SecurityOptions

  @Flag(name: [.customShort("q"), .long], help: "Write errors and warnings, and nothing else.")
  var quiet = false

  @Flag(
    help: ArgumentHelp(
      "Read the key from the first line of standard input, and end when that does.", visibility: .hidden))
  var keyFromInput = false

  mutating func validate() throws {
    coordinator = Address.completed(coordinator)
    listen = listen.map(Address.completed)
    advertise = advertise.map(Address.completed)
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    guard (1...86400).contains(wait) else { throw ValidationError("--wait \(wait): give 1 to 86400 seconds") }
    if let name, name.isEmpty || name.utf8.count > 64 {
      throw ValidationError("--name “\(name)”: give 1 to 64 bytes")
    }
    if cache?.isEmpty == true { throw ValidationError("--cache is empty; give the path of a folder") }
    if model?.isEmpty == true { throw ValidationError("--model is empty; give the folder of a checkpoint") }
    try security.check(coordinator, flag: "--coordinator")
    if coordinatorKey != nil, security.key == nil {
      throw ValidationError(
        "--coordinator-key needs this member's own key by --key FILE; make one with gpt2 keygen FILE")
    }
    if let listen {
      try security.check(listen, flag: "--listen")
      if try Address(listen).isWildcard, advertise == nil {
        throw ValidationError(
          "--listen \(listen): others cannot dial that; add --advertise with the address they reach this host at")
      }
    }
    if let advertise { try security.check(advertise, flag: "--advertise") }
  }

  func run() throws {
    if quiet { Terminal.setVerbosity(.quiet) }
    let credentials = try credentials()
    if keyFromInput { try Self.endWithInput() }
    let context = try Context()
    let authenticator = try credentials.map { credentials in
      // Who has a key of its own lets in the stage before it, once it is told which that is.
      let authenticator = try Authenticator(context, accepting: credentials.isOwn ? [] : [credentials.own.publicKey])
      try authenticator.selfTest()
      return authenticator
    }
    let source: SliceSource =
      if demo {
        .checkpoint(try Checkpoint(.demo))
      } else if let shape {
        .checkpoint(try Checkpoint(shape, weights: .auto))
      } else if let model {
        .checkpoint(try Checkpoint(ModelFolder.open(model)))
      } else {
        .cache(try tensorCache())
      }
    let name = name ?? WorkerName.claim()
    var options = WorkerOptions(
      name: name, coordinator: coordinator,
      listen: try listen ?? Address.local(facing: coordinator).description, advertise: advertise,
      credentials: credentials,
      weights: source, threads: threads ?? Host.cores,
      memory: memory?.bytes ?? Host.availableMemory, patience: .seconds(wait))
    options.build = GPT2Command.build
    options.weightChoice = weights
    // Who was started by a coordinator ends with it.
    options.isPatient = !keyFromInput
    let handshakes = HandshakeLog()
    let leaving = try Wakeup()
    let signals = EndSignals { leaving.wake() }
    defer { signals.cancel() }
    let hasJoined = Mutex(false)
    let failure = Failure()
    let thread = try JoinableThread { [options] in
      do {
        try StageService(options, context: context, authenticator: authenticator, leaving: leaving) { notice in
          switch notice {
          case .shortOfDescriptors: Terminal.warn(notice.line)
          case .ignored(let address, _): Terminal.warn(notice.line, of: address ?? "")
          case .handshakeFailing(let coordinator, let reason):
            handshakes.take(notice.line, reason: reason, of: coordinator)
          default:
            if case .joined = notice { hasJoined.withLock { $0 = true } }
            Terminal.note("\(name): \(notice.line)")
          }
        }.run()
      } catch {
        failure.error = error
      }
    }
    thread.join()
    withExtendedLifetime(authenticator) {}
    // The coordinator that started it has been told, and says it once for all.
    if keyFromInput, failure.error != nil, hasJoined.withLock({ $0 }) { throw ExitCode.failure }
    if let error = failure.error { throw error }
  }

  private func credentials() throws -> Credentials? {
    if keyFromInput {
      do { return Credentials(try CurveKeyPair(descriptor: STDIN_FILENO)) } catch {
        throw ValidationError("standard input: \(error)")
      }
    }
    let coordinatorKey = try coordinatorKey.map { try CurveKey(publicKey: $0) }
    return try security.keyPair(for: [coordinator] + [listen, advertise].compactMap { $0 }).map {
      Credentials($0, coordinator: coordinatorKey)
    }
  }

  private final class Failure: @unchecked Sendable {
    // Unchecked: read after the thread that writes it was joined.
    var error: (any Error)?
  }

  /// The cache that was asked for, or the usual one; that one need not be there.
  private func tensorCache() throws -> TensorCache {
    if let cache { return try TensorCache(folder: cache) }
    let (cache, reason) = TensorCache.standard()
    if let reason {
      Terminal.warn("\(reason); until then, blocks that are sent are kept only as long as this worker runs")
    }
    return cache
  }

  /// Ends this process when whoever started it is gone.
  private static func endWithInput() throws {
    // Not on a queue: Dispatch looks after the threads of its own by opening a file for each.
    _ = try JoinableThread {
      var byte: UInt8 = 0
      while true {
        let count = read(STDIN_FILENO, &byte, 1)
        if count == 0 || (count < 0 && errno != EINTR) { _exit(0) }
      }
    }
  }
}

extension WorkerNotice {
  /// A line for a person.
  var line: String {
    switch self {
    case .dialing(let coordinator, let listening): "dialling \(coordinator), listening at \(listening)"
    case .handshakeFailing(let coordinator, let reason): "\(coordinator): the handshake fails: \(reason)"
    case .joined(let coordinator): "joined \(coordinator)"
    case .spare: "no stage now: it is a spare, or others are waited for; the coordinator says which"
    case .assigned(let stage, let stageCount, let first, let last):
      "stage \(stage + 1) of \(stageCount): blocks \(first) to \(last)"
    case .loaded(let read, let received, let cached, let time):
      read + received + cached == 0
        ? "its blocks were there"
        : "loaded in \(time.short): "
          + [(read, "read from files"), (received, "received"), (cached, "from the cache")].line
    case .ignored(let address, let reason): "ignored \(address ?? "somebody"), who \(reason)"
    case .shortOfDescriptors:
      DescriptorLimit.exhausted
    case .detached(let reason): "\(reason); it waits for the next plan"
    case .joiningAgain(let reason): "\(reason); it dials again"
    case .leaving: "it was asked to end, and does when the pipe is empty"
    case .finished(let microBatches): "done: \(count(microBatches, "micro-batch", plural: "micro-batches"))"
    }
  }
}

extension Address {
  /// An address as people write it, with `tcp://` where nothing is said.
  static func completed(_ text: String) -> String {
    text.contains("://") || !text.contains(":") ? text : "tcp://\(text)"
  }
}

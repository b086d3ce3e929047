import ArgumentParser
import Cluster
import Coordinator
import FoundationEssentials
import Pipeline
import ZeroMQ

/// Where the blocks run: in this process, in processes started by it, or on workers that dial in.
struct ClusterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Cut the model into so many stages inside this process. (default: 1)", valueName: "n"))
  var stages: Int?

  @Option(help: ArgumentHelp("Start so many worker processes on this machine.", valueName: "n"))
  var spawn: Int?

  @Option(
    help: ArgumentHelp(
      "Wait at this address for workers of any machine, as tcp://0.0.0.0:7070.", valueName: "address"))
  var listen: String?

  @Option(help: ArgumentHelp("With --listen: how many workers to wait for.", valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "Blocks of each stage of the first plan, as 5,4,3; when a worker is lost or comes, they may be shared otherwise. (default: balanced by speed and memory)",
      valueName: "n,n"))
  var split: String?

  @Option(
    help: ArgumentHelp("Tokens that go through at a time. (default: chosen from measurements)", valueName: "rows"))
  var microBatch: Int?

  @Option(
    help: ArgumentHelp(
      "Seconds to wait for workers, at the start and when one is lost. (default: 300; with --spawn 30)",
      valueName: "seconds"))
  var wait: Int?

  @Option(
    help: ArgumentHelp(
      "What to do when a worker is lost, in this order, or none: a spare takes its place, its process is started anew, the others split its blocks, requests wait for a worker. (default: spare,process,split,wait; for bench none)",
      valueName: "means"))
  var recover: String?

  @Option(
    help: ArgumentHelp(
      "Workers besides, which are waited for too, and hold blocks for when one is lost. (default: 0)", valueName: "n"))
  var spares: Int?

  @Option(
    help: ArgumentHelp(
      "What each worker keeps of what it handed on, as 256MB, in an eighth of its memory at most: when the next stage is lost, it alone computes again. 0 keeps nothing. (default: 256MiB)",
      valueName: "size"))
  var replayMemory: String?

  @Option(help: ArgumentHelp("Write a timeline for ui.perfetto.dev.", valueName: "file.json"), completion: .file())
  var trace: String?

  @Option(
    help: ArgumentHelp(
      "Let in only the public keys in this file, the lines of .pub files. It is read again when it changes.",
      valueName: "file"), completion: .file())
  var allowedKeys: String?

  @OptionGroup var security: SecurityOptions

  /// Whether a lost worker ends the command unless people say otherwise.
  var endsOnLoss = false

  /// How many micro-batches are written down; nil as many as a trace needs.
  var timelineLimit: Int?

  mutating func validate() throws {
    listen = listen.map(Address.completed)
    let given = [stages != nil, spawn != nil, listen != nil].filter { $0 }.count
    guard given <= 1 else { throw ValidationError("give only one of --stages, --spawn and --listen") }
    if let stages, !(1...256).contains(stages) {
      throw ValidationError("--stages \(stages): give a number from 1 to 256")
    }
    if let spawn, !(1...256).contains(spawn) { throw ValidationError("--spawn \(spawn): give a number from 1 to 256") }
    if let workers, !(1...256).contains(workers) {
      throw ValidationError("--workers \(workers): give a number from 1 to 256")
    }
    guard (listen == nil) == (workers == nil) else {
      throw ValidationError(
        listen == nil
          ? "--workers needs --listen, the address workers dial, as tcp://127.0.0.1:7070"
          : "--listen needs --workers, the number of workers to wait for")
    }
    if let microBatch, !(1...4096).contains(microBatch) {
      throw ValidationError("--micro-batch \(microBatch): give a number of rows from 1 to 4096")
    }
    if let wait, !(1...86400).contains(wait) { throw ValidationError("--wait \(wait): give 1 to 86400 seconds") }
    _ = try Self.means(recover)
    if let replayMemory, Quantity.bytes(replayMemory) == nil {
      throw ValidationError("--replay-memory \(replayMemory): give a size as 256MB, or 0")
    }
    if let spares {
      guard (0...256).contains(spares) else { throw ValidationError("--spares \(spares): give a number from 0 to 256") }
      guard given == 1 || spares == 0 else {
        throw ValidationError("--spares needs --stages, --spawn or --listen, the workers that they stand in for")
      }
    }
    if trace?.isEmpty == true { throw ValidationError("--trace is empty; give the path of a file") }
    if let split {
      let parts: [Int]
      do throws(PlanError) { parts = try StagePlan.parts(of: split) } catch { throw ValidationError("--\(error)") }
      guard given == 1 || parts.count == 1 else {
        throw ValidationError(
          "--split \(split): \(parts.count) parts and one stage; add --stages \(parts.count), --spawn \(parts.count), or --listen and --workers \(parts.count)"
        )
      }
      guard parts.count <= workerCount else {
        throw ValidationError("--\(PlanError.splitHasMoreParts(parts, memberCount: workerCount))")
      }
    }
    if let listen { try security.check(listen, flag: "--listen") }
    if allowedKeys != nil, listen == nil || security.key == nil {
      throw ValidationError("--allowed-keys needs --listen, and the coordinator's own key by --key FILE")
    }
  }

  /// The key pair of the coordinator, if one was given, or is this user's where it listens on this machine alone.
  func keyPair() throws -> CurveKeyPair? {
    if let listen { return try security.keyPair(for: [listen]) }
    return try security.key.map { try CurveKeyPair(file: $0) }
  }

  /// Where the blocks run.
  func place(_ model: ModelOptions) throws -> SessionOptions.Place {
    if let listen { return .listening(at: listen, workers: workerCount) }
    guard let spawn else { return .inProcess(stages: workerCount) }
    return .spawned(count: spawn, program: try Self.program(), arguments: model.workerFlags)
  }

  /// The program that is running.
  private static func program() throws -> String {
    do { return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") } catch {
      throw InputError.unreadable("/proc/self/exe", "it says where this program is; mount /proc")
    }
  }

  /// What a worker has to be started with besides the coordinator's address, for people.
  var workerFlags: String {
    if allowedKeys != nil { return " --key ITS_KEY --coordinator-key COORDINATOR.pub" }
    return security.key.map { " --key \($0)" } ?? (security.insecure ? " --insecure" : "")
  }

  /// What is done about a lost worker.
  var means: [RecoveryMeans] {
    if endsOnLoss, recover == nil { return [] }
    return (try? Self.means(recover)) ?? RecoveryMeans.allCases
  }

  private static func means(_ text: String?) throws -> [RecoveryMeans] {
    guard let text else { return RecoveryMeans.allCases }
    if text == "none" { return [] }
    let names = text.split(separator: ",", omittingEmptySubsequences: false)
    let means = names.compactMap { RecoveryMeans(rawValue: String($0)) }
    guard means.count == names.count, Set(means).count == means.count else {
      throw ValidationError("--recover \(text): give none, or some of spare,process,split,wait, each once")
    }
    return means
  }

  /// Number of stages or workers.
  var workerCount: Int { stages ?? spawn ?? workers ?? 1 }

  /// Whether all stages are in this process.
  var isInProcess: Bool { spawn == nil && listen == nil }
}

import ArgumentParser
import Pipeline
import ZeroMQ

/// Where the blocks run: in this process, in processes started by it, or on workers that dial in.
struct ClusterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Stages inside this process. (default: 1)", valueName: "n"))
  var stages: Int?

  @Option(help: ArgumentHelp("Worker processes to start on this machine.", valueName: "n"))
  var spawn: Int?

  @Option(
    help: ArgumentHelp(
      "Wait here for workers to dial in, as tcp://0.0.0.0:7070; with --workers.", valueName: "address"))
  var listen: String?

  @Option(help: ArgumentHelp("How many workers to wait for.", valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp("Blocks of each stage, as 5,4,3. (default: balanced by speed and memory)", valueName: "n,n"))
  var split: String?

  @Option(help: ArgumentHelp("Rows of a micro-batch. (default: chosen from measurements)", valueName: "rows"))
  var microBatch: Int?

  @Option(
    help: ArgumentHelp(
      "Most seconds to wait until all workers have joined. (default: 300; with --spawn 30)", valueName: "seconds"))
  var wait: Int?

  @Option(help: ArgumentHelp("Write a timeline that Perfetto and chrome://tracing open.", valueName: "file.json"))
  var trace: String?

  @OptionGroup var security: SecurityOptions

  /// How many micro-batches are written down; nil as many as a trace needs.
  var timelineLimit: Int?

  mutating func validate() throws {
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
  }

  /// Number of stages or workers.
  var workerCount: Int { stages ?? spawn ?? workers ?? 1 }

  /// Whether all stages are in this process.
  var isInProcess: Bool { spawn == nil && listen == nil }
}

/// Who may take part.
struct SecurityOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The cluster's key, made by gpt2 keygen; the same file on every host.", valueName: "file"))
  var key: String?

  @Flag(help: "Allow addresses of a network without a key: anybody there can read, change and send everything.")
  var insecure = false

  func keyPair() throws(CurveKeyError) -> CurveKeyPair? {
    guard let key else { return nil }
    return try CurveKeyPair(file: key)
  }

  /// Refuses an address that others can reach when there is no key.
  func check(_ address: String, flag: String) throws {
    let parsed: Address
    do throws(ZeroMQError) { parsed = try Address(address) } catch { throw ValidationError("\(flag) \(error)") }
    guard case .tcp = parsed else { throw ValidationError("\(flag) \(address): give an address as tcp://HOST:PORT") }
    guard parsed.isLocal || key != nil || insecure else {
      throw ValidationError(
        "\(flag) \(address): others can reach this address; make a key with gpt2 keygen FILE and give --key FILE everywhere, or spell out --insecure"
      )
    }
  }
}

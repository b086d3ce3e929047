import ArgumentParser
import Coordinator
import GPT2
import Pipeline

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Foretell what a cluster would do, before there is one.",
    discussion: """
      Measures this machine with a model's shape, takes the workers to be like it (or --speeds times as fast), and runs a \
      model of the pipe: who would hold which blocks, bytes of memory, tokens a second for reading prompts and for \
      writing, how long stages would idle, and whether that beats one machine. No weights are needed.

        gpt2 plan --shape gpt2-xl --workers 12 --latency 0.1ms --bandwidth 10Gbit
        gpt2 plan --model ~/gpt2 --workers 3 --speeds 1,1,0.5 --memory 4GB,4GB,1GB
        gpt2 plan --shape gpt2 --workers 2 --threads 1 --same-host
      """)

  enum Shape: String, ExpressibleByArgument, CaseIterable {
    case gpt2
    case gpt2Medium = "gpt2-medium"
    case gpt2Large = "gpt2-large"
    case gpt2XL = "gpt2-xl"

    var configuration: Configuration {
      let (layers, heads, width) =
        switch self {
        case .gpt2: (12, 12, 768)
        case .gpt2Medium: (24, 16, 1024)
        case .gpt2Large: (36, 20, 1280)
        case .gpt2XL: (48, 25, 1600)
        }
      return Configuration(
        layerCount: layers, headCount: heads, width: width, positionCount: 1024, vocabularySize: 50257)
    }
  }

  @Option(
    help: ArgumentHelp(
      "Folder with a checkpoint, for its shape. Without it and --shape, the built-in demo model.", valueName: "dir"),
    completion: .directory)
  var model: String?

  @Option(help: "A shape of the family, instead of a checkpoint.")
  var shape: Shape?

  @Option(help: ArgumentHelp("How many workers.", valueName: "n"))
  var workers: Int = 2

  @Flag(help: "All processes on this machine, instead of each on a host of its own.")
  var sameHost = false

  @Option(help: ArgumentHelp("Each worker's speed relative to this machine, as 1,1,0.5.", valueName: "x,x"))
  var speeds: String?

  @Option(help: ArgumentHelp("Each worker's memory, as 4GB,4GB,512MB. (default: enough)", valueName: "size,size"))
  var memory: String?

  @Option(help: ArgumentHelp("Blocks of each stage, as 5,4,3. (default: balanced)", valueName: "n,n"))
  var split: String?

  @Option(help: ArgumentHelp("Time of a packet from host to host, one way, as 0.2ms or 50us.", valueName: "time"))
  var latency: String = "0.1ms"

  @Option(help: ArgumentHelp("What a link between hosts carries in a second, as 1Gbit or 100Mbit.", valueName: "rate"))
  var bandwidth: String = "1Gbit"

  @Option(
    help: ArgumentHelp(
      "Threads of each process. (default: this machine's cores, shared with --same-host)", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Rows of a micro-batch. (default: chosen by the model of the pipe)", valueName: "rows"))
  var microBatch: Int?

  @Flag(help: "A JSON object.")
  var json = false

  mutating func validate() throws {
    guard model == nil || shape == nil else { throw ValidationError("give only one of --model and --shape") }
    if model?.isEmpty == true { throw ValidationError("--model is empty; give the folder of a checkpoint") }
    guard (1...256).contains(workers) else {
      throw ValidationError("--workers \(workers): give a number from 1 to 256")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    if let microBatch, !(1...4096).contains(microBatch) {
      throw ValidationError("--micro-batch \(microBatch): give a number of rows from 1 to 4096")
    }
    _ = try link()
    _ = try workerSpeeds()
    _ = try workerMemory()
    if let split {
      let parts: [Int]
      do throws(PlanError) { parts = try StagePlan.parts(of: split) } catch { throw ValidationError("--\(error)") }
      guard parts.count <= workers else {
        throw ValidationError("--\(PlanError.splitHasMoreParts(parts, memberCount: workers))")
      }
    }
  }

  func run() throws {
    let configuration =
      if let shape {
        shape.configuration
      } else {
        try Checkpoint(model.map { CheckpointFolder(path: $0) } ?? .demo).configuration
      }
    let cores = ThreadPool.availableCores
    let threads = threads ?? (sameHost ? max(1, cores / workers) : cores)
    Terminal.progress("measuring this machine …")
    let machine = try MachineProfile(
      configuration, threads: threads, company: sameHost ? min(workers, cores / threads) - 1 : 0)
    Terminal.clearProgress()
    let cluster = PlannedCluster(
      configuration: configuration, machine: machine, speeds: try workerSpeeds(), memory: try workerMemory(),
      threads: threads, isOneHost: sameHost, network: try link())
    let forecast = try cluster.forecast(
      split: try split.map { try StagePlan.parts(of: $0) }, microBatchRows: microBatch)
    try Terminal.write(json ? jsonLine(forecast) : forecast.text)
  }

  private func link() throws -> PipeModel.Link {
    guard let latency = Quantity.seconds(latency) else {
      throw ValidationError("--latency \(latency): give a time of at most 60 s, as 0.2ms, 50us or 1s")
    }
    guard let rate = Quantity.bytesPerSecond(bandwidth) else {
      throw ValidationError("--bandwidth \(bandwidth): give bits a second, as 1Gbit or 100Mbit")
    }
    // Whatever the network adds, libzmq and the kernel take their time as they do on one host.
    return PipeModel.Link(
      latency: PipeModel.Link.loopback.latency + latency, bandwidth: min(rate, PipeModel.Link.loopback.bandwidth))
  }

  private func workerSpeeds() throws -> [Double] {
    guard let speeds else { return Array(repeating: 1, count: workers) }
    let numbers = speeds.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? 0 }
    guard numbers.count == workers, numbers.allSatisfy({ (0.001...1000).contains($0) }) else {
      throw ValidationError(
        "--speeds \(speeds): give \(count(workers, "number")) from 0.001 to 1000 with commas between, one for each worker"
      )
    }
    return numbers
  }

  private func workerMemory() throws -> [Int] {
    guard let memory else { return Array(repeating: .max, count: workers) }
    let sizes = memory.split(separator: ",", omittingEmptySubsequences: false).map { Quantity.bytes($0) ?? -1 }
    guard sizes.count == workers, sizes.allSatisfy({ $0 >= 0 }) else {
      throw ValidationError(
        "--memory \(memory): give \(count(workers, "size")) as 4GB or 512MB with commas between, one for each worker")
    }
    return sizes
  }
}

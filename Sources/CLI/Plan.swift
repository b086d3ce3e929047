import ArgumentParser
import Benchmarks
import Coordinator
import GPT2
import Pipeline
import Platform
import Wording

struct Plan: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict how fast a cluster would be.",
    usage: "gpt2 plan [<options>]",
    discussion: """
      Measures this machine for some seconds, takes the workers to be like it, and simulates the cluster. The answer says \
      who would hold which blocks, how much memory that takes, how many tokens a second there would be, and whether that \
      beats one machine. No weights are needed, only a shape: GPT-2's 124M parameters, unless --shape or --model says \
      another.

        gpt2 plan --workers 2 --same-host --threads 1
        gpt2 plan --shape gpt2-xl --workers 4 --latency 0.1ms --bandwidth 10Gbit
        gpt2 plan --model ~/gpt2 --workers 3 --speeds 1,1,0.5 --memory 4GB,4GB,1GB
        gpt2 plan --shape gpt2-xl --weights int8 --memory 2GB,2GB

      A small table says how much memory each type of weights takes, and which ones fit.

      Prefill is reading prompts, decode is writing texts, a token of each at a time.
      """)

  @Option(
    name: [.customShort("m"), .long],
    help: ArgumentHelp("A model's folder, for its shape, instead of --shape.", valueName: "dir"), completion: .directory
  )
  var model: String?

  @Option(help: "One of OpenAI's shapes. (default: gpt2)")
  var shape: ModelShape?

  @Option(
    help: ArgumentHelp(
      "How matrices are held in memory: f32, bf16, f16, int8, or auto, as the files have them, and f32 for a --shape.",
      valueName: "type"))
  var weights: WeightTypes.Choice = .auto

  @Option(help: ArgumentHelp("How many workers.", valueName: "n"))
  var workers: Int = 2

  @Flag(help: "All processes on this machine, instead of each on a host of its own.")
  var sameHost = false

  @Option(help: ArgumentHelp("Each worker's speed beside this machine's, as 1,1,0.5.", valueName: "x,x"))
  var speeds: String?

  @Option(help: ArgumentHelp("Each worker's memory, as 4GB,4GB,512MB. (default: enough)", valueName: "size,size"))
  var memory: String?

  @Option(help: ArgumentHelp("Blocks of each stage, as 5,4,3. (default: balanced)", valueName: "n,n"))
  var split: String?

  @Option(help: ArgumentHelp("What a packet takes from host to host, one way, as 0.2ms or 50us.", valueName: "time"))
  var latency: String = "0.1ms"

  @Option(help: ArgumentHelp("What a link between hosts carries in a second, as 1Gbit or 100Mbit.", valueName: "rate"))
  var bandwidth: String = "1Gbit"

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp(
      "Threads of each process. (default: one a core; with --same-host they share the cores)", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Tokens that go through at a time. (default: chosen by simulation)", valueName: "rows"))
  var microBatch: Int?

  @Flag(help: "Print a JSON object.")
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
    let cores = Host.cores
    let threads = threads ?? (sameHost ? max(1, cores / workers) : cores)
    let memory = PlannedMemory(
      workers: try workerMemory(), threads: threads, isOneHost: sameHost,
      wishes: ClusterPlan.Wishes(split: try split.map { try StagePlan.parts(of: $0) }, microBatchRows: microBatch),
      configuration: configuration)
    // Before the machine is measured, which takes seconds.
    try memory.check(weights)
    let configuration = try configuration(weights)
    Terminal.progress("measuring this machine …")
    let machine = try MachineProfile(
      configuration, threads: threads, company: sameHost ? min(workers, cores / threads) - 1 : 0)
    Terminal.clearProgress()
    let cluster = PlannedCluster(
      configuration: configuration, machine: machine, speeds: try workerSpeeds(), memory: memory, network: try link())
    let forecast = try cluster.forecast()
    let width = Terminal.outputIsScreen ? Terminal.width : 100
    try Terminal.write(
      json ? jsonLine(forecast) : forecast.text(of: model ?? (shape ?? .gpt2).title, width: width))
  }

  /// The model's shape, its weights held so.
  private func configuration(_ weights: WeightTypes.Choice) throws -> Configuration {
    guard let model else { return (shape ?? .gpt2).configuration(weights) }
    return try Checkpoint(ModelFolder.open(model), weights: weights).configuration
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

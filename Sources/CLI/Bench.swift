import ArgumentParser
import GPT2
import MicroBatching

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the model's speed beside what this machine can do.",
    discussion: """
      Every figure is taken together with the machine's limits, measured right before and after it on the same threads, \
      and the medians of several rounds are shown, since machines do not keep their speed. Prefill is held against fused \
      multiply-adds in registers, counting matrix products alone as work; decode against the same or against reading \
      memory, whichever allows less.

      With --stages, --spawn or --listen it holds the pipe against one process of this machine, in turns: with one thread, \
      and with all cores.

        gpt2 bench --model ~/gpt2 --threads 1
        gpt2 bench --model ~/gpt2 --spawn 2 --threads 1
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var cluster: ClusterOptions

  @Option(help: ArgumentHelp("Rounds of each measurement.", valueName: "n"))
  var rounds: Int = 7

  @Flag(help: "A JSON object.")
  var json = false

  mutating func validate() throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds \(rounds): give a number from 1 to 1000") }
  }

  func run() async throws {
    if cluster.workerCount > 1 || !cluster.isInProcess { return try await runPipeline() }
    let checkpoint = try Checkpoint(model.folder)
    let bench = try ModelBench(
      Model(
        checkpoint, slotCount: 32, kernels: Kernels.selected(),
        pool: ThreadPool(threadCount: model.threads ?? ThreadPool.availableCores)), rounds: rounds)
    var result = BenchResult(threads: bench.model.pool.threadCount)
    for rows in [128, 512, 1024] {
      Terminal.progress("prefill of \(rows) rows …")
      result.prefill.append(try bench.prefill(rows: rows))
    }
    for batch in [1, 8, 32] {
      Terminal.progress("decode, \(count(batch, "sequence")) …")
      result.decode.append(try bench.decode(batch: batch))
    }
    Terminal.clearProgress()
    result.limits.fmaGflops = bench.limits.fma.median
    result.limits.readGbps = bench.limits.read.median
    try Terminal.write(json ? jsonLine(result) : result.text)
  }

  /// Holds the pipe against one process with one thread and with all cores, in turns.
  private func runPipeline() async throws {
    var flags = cluster
    flags.timelineLimit = 100_000
    let session = try ClusterSession(model, flags, slotCount: 32)
    try await session.ready()
    let bench = try PipelineBench(session, rounds: rounds)
    let result = try await bench.run()
    Terminal.clearProgress()
    try Terminal.write(
      json
        ? jsonLine(["pipeline": result])
        : result.text(cores: ThreadPool.availableCores, isOneHost: cluster.listen == nil))
    try session.close()
  }
}

struct BenchResult: Encodable {
  struct Limits: Encodable {
    var fmaGflops = 0.0
    var readGbps = 0.0
    var threads: Int

    enum CodingKeys: String, CodingKey {
      case fmaGflops = "fma_gflops"
      case readGbps = "read_gbps"
      case threads
    }
  }

  struct Prefill: Encodable {
    var rows: Int
    var tokensPerSecond: Double
    var ofLimit: Double

    enum CodingKeys: String, CodingKey {
      case rows
      case tokensPerSecond = "tokens_per_second"
      case ofLimit = "of_limit"
    }
  }

  struct Decode: Encodable {
    var batch: Int
    var tokensPerSecond: Double
    var ofLimit: Double

    enum CodingKeys: String, CodingKey {
      case batch
      case tokensPerSecond = "tokens_per_second"
      case ofLimit = "of_limit"
    }
  }

  var limits: Limits
  var prefill: [Prefill] = []
  var decode: [Decode] = []

  init(threads: Int) { limits = Limits(threads: threads) }

  var text: String {
    func row(_ name: String, _ rate: Double, _ share: Double) -> String {
      let padded = name + String(repeating: " ", count: max(1, 26 - name.count))
      return "\(padded)\(Int(rate.rounded())) tokens/s, \((share * 100).rounded() / 100) of the limit\n"
    }
    return "limits on \(count(limits.threads, "thread")): \(Int(limits.fmaGflops.rounded())) GFLOP/s of fp32 FMA, "
      + "\((limits.readGbps * 10).rounded() / 10) GB/s read\n"
      + prefill.map { row("prefill of \($0.rows) rows", $0.tokensPerSecond, $0.ofLimit) }.joined()
      + decode.map { row("decode, batch of \($0.batch)", $0.tokensPerSecond, $0.ofLimit) }.joined()
  }
}

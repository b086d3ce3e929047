import ArgumentParser
import Benchmarks
import GPT2
import Platform
import Wording

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure tokens a second.",
    discussion: """
      Measures random weights of GPT-2's 124M shape, unless --shape or --model says another model. No files are needed.

        gpt2 bench
        gpt2 bench --threads 1
        gpt2 bench --model ~/gpt2

      Prefill is reading a prompt, decode is writing texts, a token of each at a time. Products are those with the matrices of \
      the blocks, which are the most of a prefill. The last column says how near that comes to the most this machine could \
      do: as fast as it multiplies or reads memory, whichever allows less. Products of int8 are held against its 8-bit \
      products, all others against its multiply-adds in fp32.

      Random weights are held as f32 unless --weights says another type. It may name several, with commas between, or all: \
      each is measured by itself, and a table at the end has them side by side.

        gpt2 bench --weights f32,int8

      With --stages, --spawn or --listen it measures a cluster beside one process of this machine, in turns.

        gpt2 bench --spawn 2 --threads 1

      Each figure is the median of --rounds rounds. One that was disturbed is measured again, and when that does not help, \
      the output says so.
      """)

  @OptionGroup(title: "Model Options") var model: ModelOptions
  @OptionGroup(title: "Cluster Options") var cluster: ClusterOptions
  @OptionGroup(title: "Output Options") var output: OutputOptions

  @Option(help: "Random weights of one of OpenAI's shapes. (default: gpt2)")
  var shape: ModelShape?

  @Option(help: ArgumentHelp("Rounds of each measurement.", valueName: "n"))
  var rounds: Int = 7

  @Flag(help: "Print a JSON object.")
  var json = false

  mutating func validate() throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds \(rounds): give a number from 1 to 1000") }
    guard model.model == nil || shape == nil else { throw ValidationError("give only one of --model and --shape") }
    model.shape = shape ?? .gpt2
  }

  func run() async throws {
    output.apply()
    if cluster.workerCount > 1 || !cluster.isInProcess { return try await runPipeline() }
    var results: [BenchResult] = []
    let choices = model.weights?.list ?? [.auto]
    for choice in choices {
      let result = try measure(choice)
      if !json { try Terminal.write((results.isEmpty ? "" : "\n") + result.text(width: Self.width)) }
      results.append(result)
    }
    if choices.count == 1 {
      if json { try Terminal.write(jsonLine(results[0])) }
      return
    }
    let comparison = BenchComparison(types: results)
    try Terminal.write(json ? jsonLine(comparison) : "\n" + comparison.text(width: Self.width))
  }

  /// Measures one process with the model held so, which is in memory no longer than that.
  private func measure(_ weights: WeightTypes.Choice) throws -> BenchResult {
    let bench = try ModelBench(
      Model(
        model.checkpoint(weights), slotCount: 32, kernels: Kernels.selected(),
        pool: ThreadPool(threadCount: model.threads ?? Host.cores)), rounds: rounds, report: Self.report)
    defer { Terminal.clearProgress() }
    return try bench.run(name)
  }

  /// Holds the pipe against one process with one thread and with all cores, in turns.
  private func runPipeline() async throws {
    var flags = cluster
    flags.timelineLimit = 100_000
    flags.endsOnLoss = true
    let session = try CommandSession(model, flags, slotCount: 32)
    try await session.ready()
    let bench = try PipelineBench(session.engine, session.checkpoint, rounds: rounds, report: Self.report)
    let result = try await bench.run()
    Terminal.clearProgress()
    try Terminal.write(
      json
        ? jsonLine(["pipeline": result])
        : result.text(
          of: name, cores: Host.cores, isOneHost: cluster.listen == nil, width: Self.width))
    try session.close()
  }

  private static func report(_ report: Report) {
    switch report {
    case .progress(let text): Terminal.progress(text)
    case .note(let text): Terminal.note(text)
    }
  }

  private var name: String { model.model ?? "Random weights of \((shape ?? .gpt2).title)" }

  private static var width: Int { Terminal.outputIsScreen ? Terminal.width : 100 }
}

import ArgumentParser
import Benchmarks
import GPT2
import Platform

struct CompareWeights: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what types of weights cost on a text.",
    usage: "gpt2 compare-weights [<file>] [<options>]",
    discussion: """
      Reads a text with the model held as f32 and, beside it, as another type: bf16, f16 and int8 in turn, or those that \
      --weights names. Says how much less likely the text becomes (cross-entropy), how often the likeliest token is the \
      same, and how far logits are from those of f32.

        gpt2 compare-weights --model ~/gpt2 book.txt
        gpt2 compare-weights -m ~/gpt2 --weights int8 --tokens 20000 --json < book.txt

      The text should be like those that the model is for. Two models are in memory at once.
      """)

  @Argument(help: "File with the text; - or nothing reads standard input.", completion: .file())
  var file: String?

  @OptionGroup(title: "Model Options") var model: ModelOptions
  @OptionGroup(title: "Input Options") var input: InputOptions

  @Option(help: ArgumentHelp("Most tokens that are compared, the first ones of all texts.", valueName: "n"))
  var tokens: Int = 4096

  @Flag(help: "Print a JSON object.")
  var json = false

  mutating func validate() throws {
    guard (1...1_000_000_000).contains(tokens) else {
      throw ValidationError("--tokens \(tokens): give a number from 1 to 1000000000")
    }
    guard !types.isEmpty else {
      throw ValidationError("--weights f32: that is what others are compared with; give bf16, f16, int8 or auto")
    }
  }

  /// Those that are held against F32.
  private var types: [WeightTypes.Choice] { (model.weights?.list ?? [.bf16, .f16, .int8]).filter { $0 != .f32 } }

  func run() throws {
    let checkpoint = try model.checkpoint(.f32)
    for note in checkpoint.notes { Terminal.note(note) }
    let items = try items(checkpoint)
    Terminal.progress("loading …")
    defer { Terminal.clearProgress() }
    let comparison = try WeightComparison(
      checkpoint, texts: items.map(\.tokens), limit: tokens, kernels: Kernels.selected(),
      pool: ThreadPool(threadCount: model.threads ?? Host.cores))
    var (reference, costs): (WeightCost?, [WeightCost]) = (nil, [])
    var refused: [WeightReport.Refusal] = []
    var refusal: CheckpointError?
    for type in types {
      let other = try model.checkpoint(type)
      var bar = ProgressBar(comparison.tokenCount, unit: "tokens in \(other.configuration.weights.name)")
      do {
        let cost = try comparison.costs(of: other) { bar.show($0) }
        reference = cost.reference
        costs.append(cost.type)
      } catch let error as CheckpointError {
        // The files are sound, since they were read as F32: the type cannot hold what is in them.
        refused.append(.init(weights: type.rawValue, reason: "\(error)"))
        refusal = error
      } catch let WeightComparisonError.notFinite(_, text, position) {
        throw PromptError(place: items[text].place, error: .notFinite(position: position))
      }
    }
    guard let reference else { throw refusal! }
    let report = WeightReport(
      model: checkpoint.folder.name, tokens: comparison.tokenCount, textTokens: comparison.textTokenCount,
      window: comparison.window, reference: reference, types: costs, refused: refused)
    Terminal.clearProgress()
    try Terminal.write(
      json ? jsonLine(report) : report.text(width: Terminal.outputIsScreen ? Terminal.width : 100))
  }

  /// The texts, whose tokens the model knows, each with something to predict.
  private func items(_ checkpoint: Checkpoint) throws -> [InputOptions.Item] {
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    if let note = tokenizer?.note(on: checkpoint.configuration) {
      Terminal.note("\(checkpoint.folder.name): \(note)")
    }
    let items = try input.items(file, argumentIsFile: true, tokenizer: tokenizer, model: try model.folder)
    for item in items { try ScoreError.check(item, checkpoint.configuration) }
    return items
  }
}

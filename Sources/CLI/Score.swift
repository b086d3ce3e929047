import ArgumentParser
import Coordinator
import FoundationEssentials
import GPT2
import LibC
import Platform

struct Score: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say how likely the model finds a text.",
    discussion: """
      Gives log-likelihood, perplexity and bits per byte. The first token of a text has no context and is not scored.

        gpt2 score --model ~/gpt2 book.txt
        gpt2 score -p "To be, or not to be" --per-token
        gpt2 score --model ~/gpt2 --window 1024 --stride 512 --json - < book.txt

      A long text is read in windows of --window tokens that begin every --stride tokens. Each token is scored once, with \
      the window before it as context.
      """)

  @Argument(help: "File with the text; - or nothing reads standard input.", completion: .file())
  var file: String?

  @OptionGroup(title: "Model Options") var model: ModelOptions
  @OptionGroup(title: "Input Options") var input: InputOptions
  @OptionGroup(title: "Cluster Options") var cluster: ClusterOptions
  @OptionGroup(title: "Output Options") var output: OutputOptions

  @Option(help: ArgumentHelp("Tokens in a window. (default: the model's context)", valueName: "n"))
  var window: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens from one window's beginning to the next. (default: half a window)",
      valueName: "n"))
  var stride: Int?

  @Flag(help: "Give every token with its log-probability first.")
  var perToken = false

  @Option(
    help: ArgumentHelp("With --json, give every token, with the N likeliest in its place.", valueName: "n"))
  var logprobs: Int = 0

  @Flag(help: "Print one JSON object a text.")
  var json = false

  mutating func validate() throws {
    let range = SamplingOptions.Name.topLogProbabilities.range
    guard range.contains(Double(logprobs)) else {
      throw ValidationError("--logprobs \(logprobs): give \(Int(range.lowerBound)) to \(Int(range.upperBound))")
    }
    guard logprobs == 0 || json else { throw ValidationError("--logprobs \(logprobs): give --json too") }
  }

  func run() async throws {
    output.apply()
    let session = try CommandSession(model, cluster, slotCount: Self.textsAtOnce)
    let configuration = session.configuration
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    session.compare(tokenizer)
    let items = try input.items(file, argumentIsFile: true, tokenizer: tokenizer, model: try model.folder)
    let limit = configuration.positionCount
    guard limit >= 2 else { throw ScoreError.contextTooShort(try model.folder.name) }
    let window = self.window ?? limit
    guard window >= 2, window <= limit else {
      throw ValidationError("--window \(window): give 2 to \(limit), the model's context")
    }
    let stride = self.stride ?? max(1, window / 2)
    guard stride >= 1, stride <= window else {
      throw ValidationError("--stride \(stride): give 1 to \(window), the window")
    }
    for item in items { try ScoreError.check(item, configuration) }
    try await session.ready()
    // All at once, so that a text's end does not leave stages idle; results are held until they are read.
    let results = try items.map { item in
      session.engine.score(
        try Scoring(
          item.tokens, window: window, stride: stride, topLogProbabilities: logprobs, configuration: configuration))
    }
    for (index, (item, result)) in zip(items, results).enumerated() {
      let start = Instant.now
      var bar = ProgressBar(item.tokens.count - 1, unit: "tokens")
      var scores: [SampledToken] = []
      for try await part in result {
        scores += part
        bar.show(scores.count)
      }
      Terminal.clearProgress()
      let seconds = (Instant.now - start).seconds
      let result = ScoreResult(
        scores, tokenizer, perToken: perToken || logprobs > 0, seconds: seconds, weights: configuration.weights)
      if !json, items.count > 1 { try Terminal.write((index > 0 ? "\n" : "") + "==> \(item.place) <==\n") }
      try Terminal.write(json ? jsonLine(result) : result.text)
    }
    try session.close()
  }

  /// Texts in the pipe at a time.
  private static let textsAtOnce = 8
}

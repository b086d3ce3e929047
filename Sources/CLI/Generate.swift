import ArgumentParser
import Coordinator
import GPT2
import Platform
import Wording

struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text.",
    discussion: """
      The text appears as it is written. A line on standard error then says how long it took, and the seed that gives the \
      same text again.

        gpt2 generate "The dog" -n 40 --temperature 0.8 --top-p 0.95
        printf "The dog" | gpt2 generate - --temperature 0
        gpt2 generate --model ~/gpt2 --spawn 2 --stats "The dog"

      Several prompts run as a batch: -p more than once, or --prompts FILE with one a line. Their texts appear in order, \
      each below a line such as “==> prompts.txt: line 2 <==”. With --json each is one JSON object on a line.

        gpt2 generate --prompts prompts.txt --json > texts.jsonl
      """)

  @Argument(help: "The text to continue; - or nothing reads it from standard input.")
  var text: String?

  @OptionGroup(title: "Model Options") var model: ModelOptions
  @OptionGroup(title: "Input Options") var input: InputOptions
  @OptionGroup(title: "Sampling Options") var sampling: SamplingFlags
  @OptionGroup(title: "Cluster Options") var cluster: ClusterOptions
  @OptionGroup(title: "Output Options") var output: OutputOptions

  @Option(help: ArgumentHelp("Prompts that are continued at the same time.", valueName: "n"))
  var batch: Int = 16

  @Flag(help: "Print the prompt before its continuation.")
  var echo = false

  @Flag(help: "Print one JSON object a prompt, with tokens, log-probabilities, seed and times.")
  var json = false

  mutating func validate() throws {
    guard (1...1024).contains(batch) else { throw ValidationError("--batch \(batch): give a number from 1 to 1024") }
  }

  func run() async throws {
    output.apply()
    let options = sampling.drawn()
    let session = try CommandSession(model, cluster, slotCount: batch)
    let configuration = session.configuration
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    session.compare(tokenizer)
    let settings = ModelSettings(session.checkpoint, tokenizer)
    let items = try input.items(text, tokenizer: tokenizer, model: try model.folder)
    let generations = try items.map { item in
      do throws(SamplingError) {
        var request = GenerationRequest(
          prompt: prompt(item, configuration), options: options, maximumTokens: sampling.maxTokens,
          stops: sampling.stop, endOfTextTokens: sampling.ignoreEos ? [] : nil)
        request.hidesSpecialTokens = !sampling.showSpecial
        return try Generation(request, configuration: configuration, tokenizer: tokenizer)
      } catch {
        throw PromptError(place: item.place, error: error)
      }
    }
    try await session.ready()

    let start = Instant.now
    let streams = items.count == 1 && !json
    if streams && echo { try Terminal.write(items[0].text ?? "") }
    let progress = PipelineProgress(session.engine)
    let finished = try await withThrowingTaskGroup(of: (index: Int, Finished).self) { group in
      for (index, generation) in generations.enumerated() {
        let updates = session.engine.generate(generation)
        group.addTask {
          // The engine's own copy is its to change; the same tokens make the same of this one.
          var finished = Finished(generation: generation)
          for try await update in updates {
            finished.timing.firstToken = finished.timing.firstToken ?? .now - start
            _ = finished.generation.accept(update.token)
            if streams {
              try Terminal.write(tokenizer == nil ? "\(update.token.token) " : update.text)
            } else {
              progress.show()
            }
          }
          finished.timing.end = .now - start
          return (index, finished)
        }
      }
      // Prints what is finished, in the order of the prompts.
      var finished: [Int: Finished] = [:]
      var printed = 0
      for try await (index, result) in group {
        finished[index] = result
        while let result = finished[printed] {
          if json {
            try Terminal.write(
              jsonLine(
                GenerateResult(
                  items[printed], result.generation, result.timing, loadTime: session.loadTime, model: settings,
                  weights: configuration.weights)))
          } else if !streams {
            if items.count > 1 { try Terminal.write((printed > 0 ? "\n" : "") + "==> \(items[printed].place) <==\n") }
            try Terminal.write((echo ? items[printed].text ?? "" : "") + readable(result.generation, tokenizer) + "\n")
          }
          printed += 1
        }
      }
      return finished
    }
    if streams { try Terminal.write("\n") }
    let elapsed = Instant.now - start
    let tokenCount = finished.values.reduce(0) { $0 + $1.generation.tokens.count }
    let rate = Double(tokenCount) / max(elapsed.seconds, 1e-9)
    let seed = options.temperature > 0 ? ", seed \(options.seed)" : ""
    let end = finished.count == 1 ? ending(of: finished[0]!.generation, configuration) : ""
    Terminal.clearProgress()
    Terminal.note("\(count(tokenCount, "token")) in \(elapsed.short), \(Int(rate.rounded())) tokens/s\(seed)\(end)")
    try session.close()
  }

  /// An empty text is the beginning of one, as for the server.
  private func prompt(_ item: InputOptions.Item, _ configuration: Configuration) -> [Int] {
    guard item.tokens.isEmpty, item.text != nil, let beginning = configuration.beginningOfTextToken else {
      return item.tokens
    }
    return [beginning]
  }

  /// A prompt's generation when it has come to its end.
  private struct Finished: Sendable {
    var generation: Generation
    var timing = Timing()
  }

  /// Why a text ended before it had all the tokens that were asked for.
  private func ending(of generation: Generation, _ configuration: Configuration) -> String {
    switch generation.finishReason {
    case .length where generation.tokens.count < sampling.maxTokens:
      "; the model's context of \(configuration.positionCount) tokens is full"
    case .stop: "; ended before a --stop text"
    case .endOfText: "; ended by the end-of-text token"
    case .length, nil: ""
    }
  }

  private func readable(_ generation: Generation, _ tokenizer: Tokenizer?) -> String {
    tokenizer == nil ? generation.tokens.map { String($0) }.joined(separator: " ") : generation.text
  }
}

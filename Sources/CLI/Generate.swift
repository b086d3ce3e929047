import ArgumentParser
import Coordinator
import GPT2

struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text.",
    discussion: """
      The text appears as it is written. Several prompts (--prompts, or --token-ids more than once) run as a batch and \
      appear in their order, each when it is finished.

        gpt2 generate "The dog" --max-tokens 40 --temperature 0.8 --top-p 0.95
        printf "The dog" | gpt2 generate - --temperature 0
        gpt2 generate --prompts prompts.txt --json > texts.jsonl
        gpt2 generate --temperature 0 -- "- a text that begins with a hyphen"
      """)

  @Argument(help: "The text to continue; - or nothing reads it from standard input.")
  var prompt: String?

  @OptionGroup var model: ModelOptions
  @OptionGroup var cluster: ClusterOptions
  @OptionGroup var input: InputOptions
  @OptionGroup var sampling: SamplingFlags

  @Option(help: ArgumentHelp("Most tokens to write; never beyond the model's context.", valueName: "n"))
  var maxTokens: Int = 128

  @Option(help: ArgumentHelp("Stop before this text. Repeat it for up to 16 of them.", valueName: "str"))
  var stop: [String] = []

  @Option(help: ArgumentHelp("Prompts that run at the same time.", valueName: "n"))
  var batch: Int = 16

  @Flag(help: "Go on when the end-of-text token comes.")
  var ignoreEos = false

  @Flag(help: "Print the prompt before its continuation.")
  var echo = false

  @Flag(help: "One JSON object a prompt.")
  var json = false

  mutating func validate() throws {
    guard maxTokens >= 0 else { throw ValidationError("--max-tokens \(maxTokens): give 0 or more") }
    guard (1...1024).contains(batch) else { throw ValidationError("--batch \(batch): give a number from 1 to 1024") }
  }

  func run() async throws {
    let session = try ClusterSession(model, cluster, slotCount: batch)
    let configuration = session.configuration
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    let items = try input.items(prompt, tokenizer: tokenizer, model: model.folder)
    let generations = try items.map { item in
      do throws(SamplingError) {
        return try Generation(
          GenerationRequest(
            prompt: prompt(item, configuration), options: sampling.options, maximumTokens: maxTokens, stops: stop,
            endOfTextTokens: ignoreEos ? [] : nil),
          configuration: configuration, tokenizer: tokenizer)
      } catch {
        throw PromptError(place: item.place, error: error)
      }
    }
    try await session.ready()

    let start = ContinuousClock.now
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
              jsonLine(GenerateResult(items[printed], result.generation, result.timing, loadTime: session.loadTime)))
          } else if !streams {
            try Terminal.write((echo ? items[printed].text ?? "" : "") + readable(result.generation, tokenizer) + "\n")
          }
          printed += 1
        }
      }
      return finished
    }
    if streams { try Terminal.write("\n") }
    let elapsed = ContinuousClock.now - start
    let tokenCount = finished.values.reduce(0) { $0 + $1.generation.tokens.count }
    let rate = Double(tokenCount) / max(elapsed.seconds, 1e-9)
    let reason = finished.count == 1 ? ", ended by \(ending(of: finished[0]!.generation, configuration))" : ""
    Terminal.note("\(count(tokenCount, "token")) in \(elapsed.short), \(Int(rate.rounded())) tokens/s\(reason)")
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

  private func ending(of generation: Generation, _ configuration: Configuration) -> String {
    guard let reason = generation.finishReason else { return "" }
    let isFull = reason == .length && generation.tokens.count < maxTokens
    return reason.rawValue + (isFull ? ": the context of \(configuration.positionCount) tokens is full" : "")
  }

  private func readable(_ generation: Generation, _ tokenizer: Tokenizer?) -> String {
    tokenizer == nil ? generation.tokens.map { String($0) }.joined(separator: " ") : generation.text
  }
}

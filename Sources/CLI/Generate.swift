import ArgumentParser
import GPT2

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text.",
    discussion: """
      The text appears as it is written. Several prompts (--prompts, or --token-ids more than once) run as a batch and \
      appear in their order, each when it is finished.

        gpt2 generate "The dog" --max-tokens 40 --temperature 0.8 --top-p 0.95
        printf "The dog" | gpt2 generate - --temperature 0
        gpt2 generate --prompts prompts.txt --json > texts.jsonl
        gpt2 generate --temperature 0 -- "- a text that begins with a hyphen comes last, after two"
      """)

  @Argument(help: "The text to continue; - or nothing reads it from standard input.")
  var prompt: String?

  @OptionGroup var model: ModelOptions
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

  func run() throws {
    let loading = model.startLoading(slotCount: batch)
    let configuration = try Checkpoint(model.folder).configuration
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    let items = try input.items(prompt, tokenizer: tokenizer, model: model.folder)
    var generations = try items.map { item in
      do throws(SamplingError) {
        return try Generation(
          GenerationRequest(
            prompt: item.tokens, options: sampling.options, maximumTokens: maxTokens, stops: stop,
            endOfTextTokens: ignoreEos ? [] : nil),
          configuration: configuration, tokenizer: tokenizer)
      } catch {
        throw PromptError(place: item.place, error: error)
      }
    }
    let loaded = try loading.get()
    Terminal.note(loaded.summary)

    let start = ContinuousClock.now
    var clocks = generations.map { _ in Timing() }
    var printed = 0
    let streams = items.count == 1 && !json
    if streams && echo { try Terminal.write(items[0].text ?? "") }
    let generator = try Generator(loaded.model)
    /// Prints what is finished, in the order of the prompts.
    func printFinished() throws {
      while printed < generations.count, generations[printed].finishReason != nil {
        let (item, generation) = (items[printed], generations[printed])
        if json {
          let result = GenerateResult(item, generation, clocks[printed], loadTime: loaded.loadTime)
          try Terminal.write(jsonLine(result))
        } else if !streams {
          try Terminal.write((echo ? item.text ?? "" : "") + readable(generation, tokenizer) + "\n")
        }
        printed += 1
      }
    }
    var tokenCount = 0
    _ = try generator.run(generations) { index, generation, update in
      let now = ContinuousClock.now - start
      clocks[index].firstToken = clocks[index].firstToken ?? now
      clocks[index].end = now
      tokenCount += 1
      generations[index] = generation
      if streams {
        try Terminal.write(tokenizer == nil ? "\(update.token.token) " : update.text)
      } else {
        Terminal.progress("\(tokenCount) tokens, \(Int(Double(tokenCount) / now.seconds)) tokens/s")
        if update.finishReason != nil { try printFinished() }
      }
    }
    try printFinished()
    if streams { try Terminal.write("\n") }
    let elapsed = ContinuousClock.now - start
    let rate = Double(tokenCount) / max(elapsed.seconds, 1e-9)
    let reason = generations.count == 1 ? ", ended by \(generations[0].finishReason?.rawValue ?? "")" : ""
    Terminal.note("\(count(tokenCount, "token")) in \(elapsed.short), \(Int(rate.rounded())) tokens/s\(reason)")
  }

  private func readable(_ generation: Generation, _ tokenizer: Tokenizer?) -> String {
    tokenizer == nil ? generation.tokens.map { String($0) }.joined(separator: " ") : generation.text
  }
}

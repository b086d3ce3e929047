import ArgumentParser
import GPT2

/// How long a text gets and how it is chosen.
struct SamplingFlags: ParsableArguments {
  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Most tokens to write; never beyond the model's context.", valueName: "n"))
  var maxTokens: Int = 128

  @Option(help: ArgumentHelp("Stop before this text. Repeat it for up to 16 of them.", valueName: "str"))
  var stop: [String] = []

  @Option(help: ArgumentHelp("0 always takes the likeliest token; up to 2 is wilder.", valueName: "t"))
  var temperature: Double = 1

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Choose among the K likeliest tokens; 0 means all.", valueName: "k"))
  var topK: Int = 0

  @Option(help: ArgumentHelp("Choose among the likeliest tokens that together have probability P.", valueName: "p"))
  var topP: Double = 1

  @Option(help: ArgumentHelp("Drop tokens less likely than this share of the likeliest.", valueName: "p"))
  var minP: Double = 0

  @Option(help: ArgumentHelp("Above 1, tokens that are in the text already become less likely.", valueName: "r"))
  var repetitionPenalty: Double = 1

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Above 0, each time a token was written makes it less likely.", valueName: "f"))
  var frequencyPenalty: Double = 0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Above 0, a token that was written becomes less likely.", valueName: "f"))
  var presencePenalty: Double = 0

  @Option(help: ArgumentHelp("Add BIAS to a token's logit. Repeat it for up to 1024 tokens.", valueName: "id=bias"))
  var logitBias: [TokenBias] = []

  @Option(
    name: .customLong("no-repeat-ngram"),
    help: ArgumentHelp("Never repeat a run of N tokens; 0 allows it.", valueName: "n"))
  var noRepeatNGram: Int = 0

  @Option(
    name: [.customShort("s"), .long],
    help: ArgumentHelp(
      "The same seed gives the same text. (default: another one each time, which is shown)", valueName: "s"))
  var seed: UInt64?

  @Flag(help: "Go on after the end-of-text token.")
  var ignoreEos = false

  @Flag(help: "Show special tokens in the text, as <|endoftext|> with --ignore-eos.")
  var showSpecial = false

  @Option(help: ArgumentHelp("With --json, also give the N likeliest tokens of each step.", valueName: "n"))
  var logprobs: Int = 0

  /// What was asked for, with the seed that was, or a new one short enough to be typed.
  func drawn() -> SamplingOptions {
    var options = options
    options.seed = seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
    return options
  }

  private var options: SamplingOptions {
    var options = SamplingOptions()
    options.temperature = temperature
    options.topK = topK
    options.topP = topP
    options.minP = minP
    options.repetitionPenalty = repetitionPenalty
    options.frequencyPenalty = frequencyPenalty
    options.presencePenalty = presencePenalty
    options.logitBias = Dictionary(logitBias.map { ($0.token, $0.bias) }) { _, last in last }
    options.noRepeatNGram = noRepeatNGram
    options.topLogProbabilities = logprobs
    return options
  }

  mutating func validate() throws {
    guard maxTokens >= 0 else { throw ValidationError("--max-tokens \(maxTokens): give 0 or more") }
    var seen: Set<Int> = []
    for token in logitBias.map(\.token) where !seen.insert(token).inserted {
      throw ValidationError("--logit-bias is given twice for token \(token)")
    }
    do throws(SamplingError) { try options.validate() } catch { throw ValidationError("--\(error)") }
  }
}

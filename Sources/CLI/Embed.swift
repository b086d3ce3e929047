import ArgumentParser
import Coordinator
import GPT2

struct Embed: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the model's hidden states to a file.",
    discussion: """
      The states are those after the last layer norm (ln_f). The file is in the safetensors format.

        gpt2 embed "A sentence" --output sentence.safetensors --pool mean
        gpt2 embed --prompts sentences.txt --output sentences.safetensors

      It has hidden_states [batch, sequence, width] in fp32, where shorter texts are padded with zeros on the right, and \
      lengths [batch] in int64. --pool adds pooled [batch, width]. --logits adds logits [batch, sequence, vocabulary].
      """)

  enum Pool: String, ExpressibleByArgument, CaseIterable { case mean, last }

  @Argument(help: "The text; - or nothing reads standard input.")
  var text: String?

  @OptionGroup(title: "Model Options") var model: ModelOptions
  @OptionGroup(title: "Input Options") var input: InputOptions
  @OptionGroup(title: "Cluster Options") var cluster: ClusterOptions
  @OptionGroup(title: "Output Options") var saying: OutputOptions

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("Where to write.", valueName: "file.safetensors"),
    completion: .file())
  var output: String

  @Option(help: "One vector a text: the mean over its tokens, or that of its last token.")
  var pool: Pool?

  mutating func validate() throws {
    if output.isEmpty { throw ValidationError("--output is empty; give the path of a file") }
  }

  @Flag(help: "Write the logits too.")
  var logits = false

  func run() async throws {
    saying.apply()
    let session = try CommandSession(model, cluster, slotCount: Self.textsAtOnce)
    let configuration = session.configuration
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    session.compare(tokenizer)
    let items = try input.items(text, tokenizer: tokenizer, model: try model.folder)
    // What cannot be embedded is refused before weights are loaded; a generation checks the same things.
    for item in items {
      do throws(SamplingError) {
        _ = try Generation(
          GenerationRequest(prompt: item.tokens, maximumTokens: 0), configuration: configuration, tokenizer: nil)
      } catch {
        throw PromptError(place: item.place, error: error)
      }
    }
    let lengths = items.map(\.tokens.count)
    let (batch, sequence) = (items.count, lengths.max()!)
    let (width, vocabulary) = (configuration.width, configuration.vocabularySize)

    var tensors = [
      SafetensorsWriter.Tensor("hidden_states", .f32, [batch, sequence, width]),
      SafetensorsWriter.Tensor("lengths", .i64, [batch]),
    ]
    if pool != nil { tensors.append(.init("pooled", .f32, [batch, width])) }
    if logits { tensors.append(.init("logits", .f32, [batch, sequence, vocabulary])) }
    let writer = try SafetensorsWriter(path: output, tensors)
    try writer.write(lengths.map { Int64($0) }, to: "lengths", at: 0)

    try await session.ready()
    // So many texts ahead of the one that is written, to bound what waits in memory.
    var ahead: [Results<HiddenStates>] = []
    var submitted = 0
    var bar = ProgressBar(lengths.reduce(0, +), unit: "tokens")
    var done = 0
    for (index, item) in items.enumerated() {
      while submitted < min(items.count, index + Self.textsAtOnce) {
        let reading = try Reading(items[submitted].tokens, configuration: configuration)
        ahead.append(session.engine.embed(reading, withLogits: logits))
        submitted += 1
      }
      let result = ahead.removeFirst()
      var mean = MeanPool(width: width)
      var last: ArraySlice<Float> = []
      for try await states in result {
        if let position = states.firstNotFinite {
          throw PromptError(place: item.place, error: .notFinite(position: position))
        }
        try writer.write(states.values, to: "hidden_states", at: (index * sequence + states.start) * width)
        if pool == .mean { mean.add(states) }
        last = states.values.suffix(width)
        if logits { try writer.write(states.logits, to: "logits", at: (index * sequence + states.start) * vocabulary) }
        done += states.rowCount
        bar.show(done)
      }
      switch pool {
      case .mean: try writer.write(mean.value, to: "pooled", at: index * width)
      case .last: try writer.write(Array(last), to: "pooled", at: index * width)
      case nil: break
      }
    }
    try writer.finish()
    Terminal.note(
      "\(output): hidden_states [\(batch), \(sequence), \(width)], weights in \(configuration.weights.name)")
    try session.close()
  }
  /// Texts in the pipe at a time.
  private static let textsAtOnce = 16
}

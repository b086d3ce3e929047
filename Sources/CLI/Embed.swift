import ArgumentParser
import GPT2
import MicroBatching

struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the hidden states after ln_f to a safetensors file.",
    discussion: """
      The file has `hidden_states` [batch, sequence, width] in fp32, shorter sequences padded with zeros on the right, and \
      `lengths` [batch] in int64. --pool adds `pooled` [batch, width], --logits adds `logits` [batch, sequence, vocabulary].

        gpt2 embed "A sentence" --output sentence.safetensors --pool mean
        gpt2 embed --prompts sentences.txt --output sentences.safetensors
      """)

  enum Pool: String, ExpressibleByArgument, CaseIterable { case mean, last }

  @Argument(help: "The text; - or nothing reads standard input.")
  var text: String?

  @OptionGroup var model: ModelOptions
  @OptionGroup var input: InputOptions

  @Option(help: ArgumentHelp("Where to write.", valueName: "file.safetensors"))
  var output: String

  @Option(help: "One vector a text: the mean over its tokens, or that of its last token.")
  var pool: Pool?

  mutating func validate() throws {
    if output.isEmpty { throw ValidationError("--output is empty; give the path of a file") }
  }

  @Flag(help: "Write the logits too.")
  var logits = false

  func run() throws {
    let loading = model.startLoading(slotCount: 1)
    let configuration = try Checkpoint(model.folder).configuration
    let tokenizer = try model.tokenizer(isNeeded: !input.isTokenIds)
    let items = try input.items(text, tokenizer: tokenizer, model: model.folder)
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

    let loaded = try loading.get()
    Terminal.note(loaded.summary)
    let hidden = try Activations(width: width)
    let logitRows = try Activations(width: vocabulary)
    var bar = ProgressBar(lengths.reduce(0, +), unit: "tokens")
    var done = 0
    for (index, item) in items.enumerated() {
      var pooled = [Double](repeating: 0, count: width)
      for start in stride(from: 0, to: item.tokens.count, by: Model.rowsAtATime) {
        let tokens = item.tokens[start..<min(start + Model.rowsAtATime, item.tokens.count)]
        try loaded.model.forward(
          tokens, MicroBatch([Segment(slot: 0, start: start, count: tokens.count)]), into: hidden)
        for row in 0..<tokens.count {
          guard hidden[row].allSatisfy(\.isFinite) else {
            throw PromptError(place: item.place, error: .notFinite(position: start + row))
          }
          try writer.write(hidden[row], to: "hidden_states", at: (index * sequence + start + row) * width)
          if pool == .mean { for i in 0..<width { pooled[i] += Double(hidden[row][i]) } }
        }
        if logits {
          for first in stride(from: 0, to: tokens.count, by: 64) {
            let rows = first..<min(first + 64, tokens.count)
            try loaded.model.logits(of: hidden, rows: rows, into: logitRows)
            for row in rows {
              try writer.write(
                logitRows[row - first], to: "logits", at: (index * sequence + start + row) * vocabulary)
            }
          }
        }
        done += tokens.count
        bar.show(done)
      }
      switch pool {
      case .mean: try writer.write(pooled.map { Float($0 / Double(lengths[index])) }, to: "pooled", at: index * width)
      case .last: try writer.write(hidden[hidden.rowCount - 1], to: "pooled", at: index * width)
      case nil: break
      }
    }
    try writer.finish()
    Terminal.note("\(output): hidden_states [\(batch), \(sequence), \(width)]")
  }
}

import GPT2
import MicroBatching
import Platform

/// What jobs bring when each runs alone, on one thread, in one process, without any of the cluster's code.
struct Reference {
  private let model: Model
  private let hidden: Activations
  private let logits: Activations

  init(_ checkpoint: Checkpoint) throws {
    model = try Model(checkpoint, slotCount: 1, kernels: Kernels.selected(), pool: ThreadPool(threadCount: 1))
    hidden = try Activations(width: checkpoint.configuration.width)
    logits = try Activations(width: checkpoint.configuration.vocabularySize)
  }

  static func outcomes(of jobs: [Job], _ checkpoint: Checkpoint) throws -> [Outcome] {
    let reference = try Reference(checkpoint)
    return try jobs.map(reference.outcome)
  }

  func outcome(of job: Job) throws -> Outcome {
    switch job {
    case .generate(let request):
      let generation = try Generation(request, configuration: model.configuration, tokenizer: nil)
      return Outcome(try Generator(model).run([generation])[0])
    case .score(let tokens, let window, let stride, let top):
      return Outcome(try Scorer(model, top: top).scores(of: tokens, window: window, stride: stride))
    case .embed(let tokens, let withLogits):
      defer { model.release(slot: 0) }
      try model.forward(tokens, MicroBatch([Segment(slot: 0, start: 0, count: tokens.count)]), into: hidden)
      var outcome = Outcome(tokens.indices.flatMap { hidden[$0] })
      guard withLogits else { return outcome }
      try model.logits(of: hidden, rows: 0..<tokens.count, into: logits)
      outcome.logits = Outcome(tokens.indices.flatMap { logits[$0] }).values
      return outcome
    }
  }
}

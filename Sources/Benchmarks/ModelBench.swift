package import GPT2
internal import MicroBatching
internal import Platform
internal import Wording

/// Times forward passes of a model, each between two measurements of the machine's limits.
package final class ModelBench {
  /// Limits seen so far.
  package private(set) var limits: (fma: [Double], read: [Double]) = ([], [])
  package let model: Model
  private let machine: MachineLimits
  private let rounds: Int
  private let report: (Report) -> Void
  private let hidden: Activations
  private let last: Activations
  private let logits: Activations

  package init(_ model: Model, rounds: Int, report: @escaping (Report) -> Void) throws {
    self.model = model
    self.report = report
    self.rounds = rounds
    machine = try MachineLimits(kernels: model.kernels, pool: model.pool)
    hidden = try Activations(width: model.configuration.width)
    last = try Activations(width: model.configuration.width)
    logits = try Activations(width: model.configuration.vocabularySize)
  }

  /// Reading prompts: `rows` rows, as sequences no longer than the model's context, to hidden states after ln_f.
  package func prefill(rows: Int) throws -> BenchResult.Prefill {
    let context = model.configuration.positionCount
    let lengths = (0..<((rows + context - 1) / context)).map { min(context, rows - $0 * context) }
    let operations = lengths.reduce(0) { $0 + model.configuration.blockOperations(start: 0, count: $1) }
    let (time, fma, _) = try measure("prefill of \(rows) tokens") {
      for (slot, length) in lengths.enumerated() {
        for start in stride(from: 0, to: length, by: Model.rowsAtATime) {
          let count = min(Model.rowsAtATime, length - start)
          try forward([Segment(slot: slot % model.slotCount, start: start, count: count)])
        }
      }
    }
    return BenchResult.Prefill(
      rows: rows, tokensPerSecond: Double(rows) / time.median,
      ofLimit: zip(time, fma).map { operations / $0 / ($1 * 1e9) }.median, spread: time.spread)
  }

  /// Writing: one token for each of `batch` sequences at a time, head and choice of the token included.
  package func decode(batch: Int) throws -> BenchResult.Decode {
    let configuration = model.configuration
    let steps = max(1, min(16 / batch, configuration.positionCount / 2))
    let context = min(64, configuration.positionCount - steps)
    for slot in 0..<batch where context > 0 { try forward([Segment(slot: slot, start: 0, count: context)]) }
    let (time, fma, read) = try measure("decode of \(count(batch, "text"))") {
      for step in 0..<steps {
        try forward((0..<batch).map { Segment(slot: $0, start: context + step, count: 1) })
        try model.logits(of: hidden, rows: 0..<batch, into: logits)
        for row in 0..<batch { _ = LogProbabilities(UnsafeBufferPointer(logits[row]).span, kernels: model.kernels) }
      }
    }
    let operations =
      Double(batch) * (configuration.blockOperations(start: context, count: 1) + configuration.headOperations)
    let bytes = configuration.decodeWeightBytes + Double(batch) * configuration.cacheBytes(position: context)
    return BenchResult.Decode(
      batch: batch, tokensPerSecond: Double(batch * steps) / time.median,
      ofLimit: zip(time, zip(fma, read)).map { time, limit in
        Double(steps) * max(operations / (limit.0 * 1e9), bytes / (limit.1 * 1e9)) / time
      }.median, spread: time.spread)
  }

  private func forward(_ segments: [Segment]) throws {
    let microBatch = MicroBatch(segments)
    // Tokens that differ, so that rows do.
    let tokens = (0..<microBatch.rowCount).map { ($0 * 7919 + 13) % model.configuration.vocabularySize }
    try model.forward(tokens, microBatch, into: hidden)
  }

  private typealias Times = (time: [Double], fma: [Double], read: [Double])

  /// Rounds that differ by more were disturbed.
  package static let tolerance = 0.15
  /// How often what was disturbed is measured.
  private static let attempts = 3

  /// Times `work` in rounds, up to three times where they differ much; the steadiest of them.
  private func measure(_ name: String, _ work: () throws -> Void) throws -> Times {
    // Fills caches, and does not count.
    try work()
    var best = try measureRounds(work)
    for _ in 1..<Self.attempts where best.time.spread > Self.tolerance {
      report(.note("\(name): rounds differ by \(percent(best.time.spread)), so it is measured again"))
      let again = try measureRounds(work)
      if again.time.spread < best.time.spread { best = again }
    }
    limits.fma += best.fma
    limits.read += best.read
    return best
  }

  /// Every round's time with the limits around it.
  private func measureRounds(_ work: () throws -> Void) throws -> Times {
    var result: Times = ([], [], [])
    var before = (fma: machine.fmaRate(), read: machine.readRate())
    for _ in 0..<rounds {
      let start = Instant.now
      try work()
      result.time.append((Instant.now - start).seconds)
      let after = (fma: machine.fmaRate(), read: machine.readRate())
      result.fma.append((before.fma + after.fma) / 2)
      result.read.append((before.read + after.read) / 2)
      before = after
    }
    return result
  }
}

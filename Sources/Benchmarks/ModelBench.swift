package import GPT2
internal import MicroBatching
internal import Platform
internal import Wording

/// Times forward passes of a model, each between two measurements of the machine's limits.
package final class ModelBench {
  package let model: Model
  private let machine: MachineLimits
  private let products: ProductTimer
  private let rounds: Int
  private let report: (Report) -> Void
  private let hidden: Activations
  private let logits: Activations
  /// What was seen of the machine so far.
  private var rates: [MachineRates] = []

  package init(_ model: Model, rounds: Int, report: @escaping (Report) -> Void) throws {
    self.model = model
    self.report = report
    self.rounds = rounds
    machine = try MachineLimits(kernels: model.kernels, pool: model.pool)
    products = try ProductTimer(model.configuration, kernels: model.kernels, pool: model.pool)
    hidden = try Activations(width: model.configuration.width)
    logits = try Activations(width: model.configuration.vocabularySize)
  }

  /// Measures all there is.
  ///
  /// - Parameter name: what is measured.
  package func run(_ name: String) throws -> BenchResult {
    var result = BenchResult(
      model: name, weights: model.configuration.weights.name, threads: model.pool.threadCount)
    result.products = try multiply(rows: 512)
    for rows in [128, 512, 1024] { result.prefill.append(try prefill(rows: rows)) }
    for batch in [1, 8, 32] { result.decode.append(try decode(batch: batch)) }
    result.limits.fmaGflops = rates.map(\.fma).median
    result.limits.readGbps = rates.map(\.read).median
    if computesInIntegers { result.limits.dotGops = rates.compactMap(\.dot).median }
    return result
  }

  /// The blocks' matrix products alone, as prefill of `rows` rows has them.
  private func multiply(rows: Int) throws -> BenchResult.Prefill {
    let configuration = model.configuration
    let share = Double(products.blockCount) / Double(configuration.layerCount)
    var least = LeastWork(bytes: share * configuration.productWeightBytes)
    least.add(products: share * configuration.productOperations(count: rows), of: configuration.weights.blocks)
    let times = try measure("products of \(rows) tokens") { try products.run(rows: rows) }
    return BenchResult.Prefill(
      rows: rows, tokensPerSecond: share * Double(rows) / times.seconds.median, ofLimit: times.share(of: least),
      spread: times.seconds.spread)
  }

  /// Reading prompts: `rows` rows, as sequences no longer than the model's context, to hidden states after ln_f.
  private func prefill(rows: Int) throws -> BenchResult.Prefill {
    let configuration = model.configuration
    let context = configuration.positionCount
    let lengths = (0..<((rows + context - 1) / context)).map { min(context, rows - $0 * context) }
    var least = LeastWork(bytes: configuration.productWeightBytes)
    least.add(products: configuration.productOperations(count: rows), of: configuration.weights.blocks)
    for length in lengths { least.floating += configuration.attentionOperations(start: 0, count: length) }
    let times = try measure("prefill of \(count(rows, "token"))") {
      for (slot, length) in lengths.enumerated() {
        for start in stride(from: 0, to: length, by: Model.rowsAtATime) {
          let count = min(Model.rowsAtATime, length - start)
          try forward([Segment(slot: slot % model.slotCount, start: start, count: count)])
        }
      }
    }
    return BenchResult.Prefill(
      rows: rows, tokensPerSecond: Double(rows) / times.seconds.median, ofLimit: times.share(of: least),
      spread: times.seconds.spread)
  }

  /// Writing: one token for each of `batch` sequences at a time, head and choice of the token included.
  private func decode(batch: Int) throws -> BenchResult.Decode {
    let configuration = model.configuration
    let steps = max(1, min(16 / batch, configuration.positionCount / 2))
    let context = min(64, configuration.positionCount - steps)
    for slot in 0..<batch where context > 0 { try forward([Segment(slot: slot, start: 0, count: context)]) }
    let tokens = Double(batch * steps)
    var least = LeastWork(
      bytes: Double(steps) * configuration.decodeWeightBytes + tokens * configuration.cacheBytes(position: context))
    least.add(products: tokens * configuration.productOperations(count: 1), of: configuration.weights.blocks)
    least.add(products: tokens * configuration.headOperations, of: configuration.weights.head)
    least.floating += tokens * configuration.attentionOperations(start: context, count: 1)
    let times = try measure("decode of \(count(batch, "text"))") {
      for step in 0..<steps {
        try forward((0..<batch).map { Segment(slot: $0, start: context + step, count: 1) })
        try model.logits(of: hidden, rows: 0..<batch, into: logits)
        for row in 0..<batch { _ = LogProbabilities(UnsafeBufferPointer(logits[row]).span, kernels: model.kernels) }
      }
    }
    return BenchResult.Decode(
      batch: batch, tokensPerSecond: tokens / times.seconds.median, ofLimit: times.share(of: least),
      spread: times.seconds.spread)
  }

  private func forward(_ segments: [Segment]) throws {
    let microBatch = MicroBatch(segments)
    // Tokens that differ, so that rows do.
    let tokens = (0..<microBatch.rowCount).map { ($0 * 7919 + 13) % model.configuration.vocabularySize }
    try model.forward(tokens, microBatch, into: hidden)
  }

  /// Rounds of the same work, each with the machine's rates around it.
  private struct Times {
    var seconds: [Double] = []
    var rates: [MachineRates] = []

    /// How near the work came to the most that the machine could do.
    func share(of least: LeastWork) -> Double {
      zip(seconds, rates).map { least.seconds(at: $1) / $0 }.median
    }
  }

  /// Rounds that differ by more were disturbed.
  package static let tolerance = 0.15
  /// How often what was disturbed is measured.
  private static let attempts = 3

  /// Times `work` in rounds, up to three times where they differ much; the steadiest of them.
  private func measure(_ name: String, _ work: () throws -> Void) throws -> Times {
    report(.progress("\(model.configuration.weights.name), \(name) …"))
    // Fills caches, and does not count.
    try work()
    var best = try measureRounds(work)
    for _ in 1..<Self.attempts where best.seconds.spread > Self.tolerance {
      report(.note("\(name): rounds differ by \(percent(best.seconds.spread)), so it is measured again"))
      let again = try measureRounds(work)
      if again.seconds.spread < best.seconds.spread { best = again }
    }
    rates += best.rates
    return best
  }

  /// Every round's time with the limits around it.
  private func measureRounds(_ work: () throws -> Void) throws -> Times {
    var times = Times()
    var before = measureRates()
    for _ in 0..<rounds {
      let start = Instant.now
      try work()
      times.seconds.append((Instant.now - start).seconds)
      let after = measureRates()
      times.rates.append(.mean(before, after))
      before = after
    }
    return times
  }

  private func measureRates() -> MachineRates {
    MachineRates(
      fma: machine.fmaRate(), dot: computesInIntegers ? machine.dotRate() : nil, read: machine.readRate())
  }

  /// Whether some matrices are multiplied as 8-bit numbers.
  private var computesInIntegers: Bool {
    let weights = model.configuration.weights
    return weights.blocks == .int8 || weights.head == .int8
  }
}

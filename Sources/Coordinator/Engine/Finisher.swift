internal import GPT2
internal import MicroBatching
internal import Pipeline
internal import Platform

/// The coordinator's own part of the model: tokens into activations at one end, activations into hidden states, logits and
/// tokens at the other.
///
/// Belongs to the engine's thread.
final class Finisher {
  let configuration: Configuration
  let embedding: Embedding
  let head: Head
  let kernels: Kernels
  let pool: ThreadPool
  /// Called between pieces of work, so that others hear that this thread works.
  var progress: () -> Void = {}
  private let hidden: Activations
  private let chosen: Activations
  private let logits: Activations

  /// Rows whose logits are in memory at a time.
  static let logitRows = 64

  /// Loads the parts of the checkpoint that no worker holds.
  init(_ checkpoint: Checkpoint, kernels: Kernels, pool: ThreadPool) throws {
    configuration = checkpoint.configuration
    self.kernels = kernels
    self.pool = pool
    embedding = try Embedding(checkpoint, kernels: kernels, pool: pool)
    head = try Head(checkpoint, tiedTo: embedding, kernels: kernels, pool: pool)
    hidden = try Activations(width: configuration.width)
    chosen = try Activations(width: configuration.width)
    logits = try Activations(width: configuration.vocabularySize)
  }

  /// What enters the first block, `[R, C]`.
  func embed(_ tokens: [Int], _ microBatch: MicroBatch, into activations: Activations) throws {
    try embedding.apply(tokens, microBatch, into: activations)
  }

  /// Takes what the last block left, `[R, C]`; everything below is about its hidden states.
  private func normalize(_ activations: Activations) throws {
    try head.normalize(activations, into: hidden)
  }

  /// Makes of the rows of a micro-batch what was asked for.
  ///
  /// - Parameters:
  ///   - activations: `[R, C]` as the last block left them.
  ///   - generation: the generation of a request that waits for a token.
  func finish(
    _ activations: Activations, _ job: FinishJob, generation: (RequestID) -> Generation?
  ) throws -> [RowOutcome] {
    try normalize(activations)
    var outcomes: [RowOutcome] = []
    let deciding = job.arrivals.filter { $0.output == .nextToken }
    let places = deciding.map { (row: $0.rows.lowerBound, generation: generation($0.request)!) }
    for (arrival, token) in zip(deciding, try choose(places)) {
      do throws(SamplingError) {
        outcomes.append(RowOutcome(request: arrival.request, value: .token(try token.get())))
      } catch { outcomes.append(RowOutcome(request: arrival.request, value: .failed(error))) }
    }
    for arrival in job.arrivals {
      switch arrival.output {
      case .nothing, .nextToken, .probe: break
      case .scores(let targets, let top, let ranks):
        let value: RowOutcome.Value
        do {
          value = .scores(
            try score(arrival.rows, targets: targets, top: top, ranks: ranks, start: arrival.start))
        } catch let error as SamplingError { value = .failed(error) }
        outcomes.append(RowOutcome(request: arrival.request, value: value))
      case .hidden(let withLogits):
        outcomes += try hidden(arrival, withLogits: withLogits, looksForInfinite: job.looksForInfinite)
          .map { RowOutcome(request: arrival.request, value: $0) }
      }
    }
    return outcomes
  }

  /// The hidden states of a request's rows, in pieces; the last one may be why there are no more.
  private func hidden(
    _ arrival: Arrival, withLogits: Bool, looksForInfinite: Bool
  ) throws -> [RowOutcome.Value] {
    let step = withLogits ? Self.logitRows : arrival.rows.count
    var pieces: [RowOutcome.Value] = []
    for first in stride(from: arrival.rows.lowerBound, to: arrival.rows.upperBound, by: step) {
      let rows = first..<min(first + step, arrival.rows.upperBound)
      let states = try read(
        rows, start: arrival.start + first - arrival.rows.lowerBound, withLogits: withLogits)
      if looksForInfinite, let position = states.firstNotFinite {
        return pieces + [.failed(.notFinite(position: position))]
      }
      pieces.append(.hidden(states))
    }
    return pieces
  }

  /// The next token of each generation, from its row of the hidden states.
  private func choose(_ places: [(row: Int, generation: Generation)]) throws -> [Result<SampledToken, SamplingError>] {
    try chosen.resize(rowCount: places.count)
    for (index, place) in places.enumerated() { _ = chosen[index].update(fromContentsOf: hidden[place.row]) }
    var results: [Result<SampledToken, SamplingError>] = []
    for first in stride(from: 0, to: places.count, by: Self.logitRows) {
      let rows = first..<min(first + Self.logitRows, places.count)
      try head.logits(of: chosen, rows: rows, into: logits)
      progress()
      results += each(rows.count) { index, row throws(SamplingError) in
        try places[first + index].generation.sample(row, kernels: self.kernels)
      }
    }
    return results
  }

  /// Each row's target with log p in nats, and the `top` tokens most probable in its place.
  ///
  /// - Parameter start: index in the text of the first row's token, for messages.
  private func score(
    _ rows: Range<Int>, targets: ArraySlice<Int>, top: Int, ranks: Bool, start: Int
  ) throws -> [SampledToken] {
    var scores: [SampledToken] = []
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.logitRows) {
      let part = first..<min(first + Self.logitRows, rows.upperBound)
      try head.logits(of: hidden, rows: part, into: logits)
      progress()
      let offset = first - rows.lowerBound
      scores += try each(part.count) { index, row throws(SamplingError) -> SampledToken in
        guard let probabilities = LogProbabilities(row, kernels: self.kernels) else {
          throw .notFinite(position: start + offset + index)
        }
        let target = targets[targets.startIndex + offset + index]
        return SampledToken(
          token: target, logProbability: probabilities.logProbability(ofLogit: row[target]),
          top: probabilities.top(top, of: row), rank: ranks ? LogProbabilities.rank(ofLogit: row[target], in: row) : nil
        )
      }.map { try $0.get() }
    }
    return scores
  }

  /// The hidden states of some rows, and their logits if they are asked for.
  private func read(_ rows: Range<Int>, start: Int, withLogits: Bool) throws -> HiddenStates {
    var states = HiddenStates(start: start, rowCount: rows.count, width: configuration.width, values: [])
    states.values.reserveCapacity(rows.count * configuration.width)
    for row in rows { states.values.append(contentsOf: hidden[row]) }
    guard withLogits else { return states }
    states.logits.reserveCapacity(rows.count * configuration.vocabularySize)
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.logitRows) {
      let part = first..<min(first + Self.logitRows, rows.upperBound)
      try head.logits(of: hidden, rows: part, into: logits)
      progress()
      for row in 0..<part.count { states.logits.append(contentsOf: logits[row]) }
    }
    return states
  }

  /// Makes something of every row of the logits, on all threads.
  private func each<Value>(
    _ count: Int, _ make: (Int, Span<Float>) throws(SamplingError) -> Value
  ) -> [Result<Value, SamplingError>] {
    var results: [Result<Value, SamplingError>?] = Array(repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { results in
      pool.forEach(count, work: 4 * count * configuration.vocabularySize) { index in
        let row = UnsafeBufferPointer(logits[index])
        results[index] = Result { () throws(SamplingError) in try make(index, row.span) }
      }
    }
    return results.map { $0! }
  }
}

extension Finisher {
  /// How long the coordinator's own work takes here; blocks for some tenths of a second.
  func measure() throws -> EdgeCosts {
    let timer = try EdgeTimer(configuration, embedding: embedding, head: head, kernels: kernels, pool: pool)
    let edges = try timer.measureEdges(within: .milliseconds(20)).map { BlockTime(rows: $0.rows, seconds: $0.seconds) }
    let rows = try timer.measureHead(within: .milliseconds(80)).map { BlockTime(rows: $0.rows, seconds: $0.seconds) }
    guard let edges = TimeCurve(edges), let rows = TimeCurve(rows) else { preconditionFailure("nothing was measured") }
    return EdgeCosts(edges: edges, head: rows, headBytes: Double(configuration.headBytes))
  }
}

package import Coordinator
package import GPT2
internal import MicroBatching
internal import Platform
internal import Wording

/// Times a running pipe, in turns with the whole model in this process.
package final class PipelineBench {
  private let engine: Engine
  private let report: (Report) -> Void
  private let rounds: Int
  private let oneThread: SingleProcess
  private let allCores: SingleProcess
  private let prompts: [[Int]]
  private let texts: [[Int]]
  private let steps: Int

  package init(
    _ engine: Engine, _ checkpoint: Checkpoint, rounds: Int, report: @escaping (Report) -> Void
  ) throws {
    (self.engine, self.report) = (engine, report)
    self.rounds = rounds
    let configuration = engine.configuration
    oneThread = try SingleProcess(checkpoint, threads: 1)
    allCores = try SingleProcess(checkpoint, threads: Host.cores)
    let context = configuration.positionCount
    steps = max(2, min(64, context / 2))
    func tokens(_ count: Int, _ salt: Int) -> [Int] {
      (0..<count).map { ($0 * 7919 + salt * 104_729 + 13) % configuration.vocabularySize }
    }
    texts = (0..<8).map { tokens(min(512, context), $0) }
    prompts = (0..<32).map { tokens(min(32, context / 3), $0) }
  }

  package func run() async throws -> PipelineResult {
    var result = PipelineResult(
      stages: engine.statistics.stages.count, weights: engine.configuration.weights.name)
    var (prefill, decode) = (Rounds(), Rounds())
    var (idle, gpipe): ([Double], [Double]) = ([], [])
    var cores: [Double] = []
    // The first round warms up and does not count. Where rounds disagree, there are as many again.
    var last = rounds
    var round = 0
    while round <= last {
      defer { round += 1 }
      report(.progress("round \(round) of \(last): reading …"))
      let one = try oneThread.read(texts)
      let before = engine.statistics
      let pipe = try await read()
      let done = engine.statistics.since(before)
      let all = try allCores.read(texts)
      report(.progress("round \(round) of \(last): writing …"))
      let writing = (
        one: try oneThread.write(prompts, steps: steps), pipe: try await write(),
        all: try allCores.write(prompts, steps: steps)
      )
      guard round > 0 else { continue }
      prefill.add(one: one, pipe: pipe, all: all)
      decode.add(one: writing.one, pipe: writing.pipe, all: writing.all)
      idle.append(done.idleShare)
      gpipe.append(done.gpipeIdleShare)
      let type = engine.configuration.weights.blocks
      cores.append(allCores.limits.productRate(type) / oneThread.limits.productRate(type))
      result.spread = max(prefill.spread, decode.spread)
      result.allCoresOverOne = cores.median
      if round == rounds, last == rounds, result.isDisturbed {
        report(.note("rounds differ by \(percent(result.spread)), so there are \(rounds) more"))
        last += rounds
      }
    }
    result.rounds = last
    let rows = Double(texts.reduce(0) { $0 + $1.count })
    result.prefillTokensPerSecond = rows / prefill.pipe.median
    result.prefillSpeedupOneThread = prefill.overOne
    result.prefillSpeedupAllCores = prefill.overAll
    result.decodeTokensPerSecond = 1 / decode.pipe.median
    result.decodeSpeedupOneThread = decode.overOne
    result.decodeSpeedupAllCores = decode.overAll
    result.idleShare = idle.median
    result.gpipeIdleShare = gpipe.median
    report(.progress("hops …"))
    let hop = try await HopBench(engine, token: prompts[0]).measure()
    result.hopMicroseconds = hop.hop * 1e6
    result.halfRoundTripMicroseconds = hop.halfRoundTrip * 1e6
    result.hopOverLibzmq = hop.hop / hop.halfRoundTrip
    return result
  }

  /// Times of the same work by the pipe and by one process, round by round.
  private struct Rounds {
    var (one, pipe, all): ([Double], [Double], [Double]) = ([], [], [])

    mutating func add(one: Double, pipe: Double, all: Double) {
      self.one.append(one)
      self.pipe.append(pipe)
      self.all.append(all)
    }

    var overOne: Double { zip(one, pipe).map { $0 / $1 }.median }
    /// By how much the rounds' ratios differ.
    var spread: Double { zip(one, pipe).map { $0 / $1 }.spread }
    var overAll: Double { zip(all, pipe).map { $0 / $1 }.median }
  }

  /// Seconds that the pipe takes for the hidden states of all texts.
  private func read() async throws -> Double {
    let start = Instant.now
    let results = try texts.map { engine.embed(try Reading($0, configuration: engine.configuration)) }
    for result in results { for try await _ in result {} }
    return (Instant.now - start).seconds
  }

  /// Seconds for each token, while all sequences are being written.
  private func write() async throws -> Double {
    let results = try prompts.map { prompt in
      engine.generate(
        try Generation(
          GenerationRequest(
            prompt: prompt, options: .greedy, maximumTokens: steps, endOfTextTokens: []),
          configuration: engine.configuration, tokenizer: nil))
    }
    let times = try await withThrowingTaskGroup(of: [Instant].self) { group in
      for result in results {
        group.addTask {
          var times: [Instant] = []
          for try await _ in result { times.append(.now) }
          return times
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    // From the last one's first token to the first one's last.
    guard let begin = times.compactMap(\.first).max(), let end = times.compactMap(\.last).min(), begin < end else {
      throw BenchError.tooShort(tokens: steps)
    }
    let written = times.joined().count { $0 > begin && $0 <= end }
    return (end - begin).seconds / Double(max(1, written))
  }
}

/// The whole model in this process: what the pipe is held against.
private final class SingleProcess {
  package let limits: MachineLimits
  private let model: Model
  private let hidden: Activations
  private let logits: Activations

  package init(_ checkpoint: Checkpoint, threads: Int) throws {
    model = try Model(
      checkpoint, slotCount: 32, kernels: Kernels.selected(), pool: ThreadPool(threadCount: threads))
    limits = try MachineLimits(kernels: model.kernels, pool: model.pool)
    hidden = try Activations(width: checkpoint.configuration.width)
    logits = try Activations(width: checkpoint.configuration.vocabularySize)
  }

  package func read(_ texts: [[Int]]) throws -> Double {
    let start = Instant.now
    for text in texts {
      try model.forward(text, MicroBatch([Segment(slot: 0, start: 0, count: text.count)]), into: hidden)
    }
    return (Instant.now - start).seconds
  }

  /// Seconds for each token after the prompts.
  package func write(_ prompts: [[Int]], steps: Int) throws -> Double {
    var generations = try prompts.map { prompt in
      try Generation(
        GenerationRequest(
          prompt: prompt, options: .greedy, maximumTokens: steps, endOfTextTokens: []),
        configuration: model.configuration, tokenizer: nil)
    }
    var start = Instant.now
    for step in 0..<steps {
      var microBatch = MicroBatch()
      var tokens: [Int] = []
      for slot in generations.indices {
        let input = generations[slot].takeInput(atMost: Int.max)!
        microBatch.append(Segment(slot: slot, start: input.start, count: input.tokens.count))
        tokens += input.tokens
      }
      try model.forward(tokens, microBatch, into: hidden)
      // After the prompts only each one's last row decides.
      var row = -1
      for (slot, segment) in microBatch.segments.enumerated() {
        row += segment.count
        if step == 0 { _ = hidden[slot].update(fromContentsOf: hidden[row]) }
      }
      try model.logits(of: hidden, rows: 0..<generations.count, into: logits)
      var chosen: [SampledToken?] = Array(repeating: nil, count: generations.count)
      chosen.withUnsafeMutableBufferPointer { chosen in
        model.pool.forEach(chosen.count, work: 4 * chosen.count * model.configuration.vocabularySize) { slot in
          chosen[slot] = try? generations[slot].sample(UnsafeBufferPointer(logits[slot]).span, kernels: model.kernels)
        }
      }
      for (slot, token) in chosen.enumerated() { _ = generations[slot].accept(token!) }
      if step == 0 { start = .now }
    }
    return (Instant.now - start).seconds / Double(prompts.count * (steps - 1))
  }
}

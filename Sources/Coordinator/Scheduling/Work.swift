public import GPT2

/// What a request asks of the pipe.
public enum Work: Sendable {
  case generate(Generation)
  case score(Scoring)
  case embed(Reading)
}

extension Work {
  /// Whether nothing is left to send; a request that begins like this needs no pipe.
  public var isFinished: Bool {
    switch self {
    case .generate(let generation): generation.finishReason != nil
    case .score(let scoring): scoring.remainingRows == 0
    case .embed(let reading): reading.remainingRows == 0
    }
  }

  var isProbe: Bool { if case .embed(let reading) = self { reading.isProbe } else { false } }

  /// Most positions of a slot that are ever filled.
  var positions: Int {
    switch self {
    // The last token is given to the caller and never read.
    case .generate(let generation): generation.lengthLimit - 1
    case .score(let scoring): scoring.positions
    case .embed(let reading): reading.tokens.count
    }
  }

  /// Rows that are known and not yet sent.
  var remainingRows: Int {
    switch self {
    case .generate(let generation): generation.pendingInput.count
    case .score(let scoring): scoring.remainingRows
    case .embed(let reading): reading.remainingRows
    }
  }

  /// Takes the next rows, at most `count` (≥ 1) of them; nil when there are none to take.
  mutating func takeChunk(atMost count: Int) -> Chunk? {
    switch self {
    case .generate(var generation):
      guard let input = generation.takeInput(atMost: count) else { return nil }
      self = .generate(generation)
      let rows = input.isLast ? (input.tokens.count - 1)..<input.tokens.count : 0..<input.tokens.count
      return Chunk(
        tokens: input.tokens, position: input.start, rows: rows, start: input.start + rows.lowerBound,
        output: input.isLast ? .nextToken : .nothing)
    case .score(var scoring):
      defer { self = .score(scoring) }
      return scoring.takeChunk(atMost: count)
    case .embed(var reading):
      defer { self = .embed(reading) }
      return reading.takeChunk(atMost: count)
    }
  }

  /// Rows that came back are with the reader, or will be before anything else is.
  mutating func deliver(_ arrival: Arrival) {
    let end = arrival.start + arrival.rows.count
    switch (self, arrival.output) {
    case (.score(var scoring), .scores):
      scoring.deliver(upTo: end)
      self = .score(scoring)
    case (.embed(var reading), .hidden):
      reading.deliver(upTo: end)
      self = .embed(reading)
    default: break
    }
  }

  /// What was computed is lost: what is known is to be sent anew, and brings again only what was not delivered.
  mutating func rewind() {
    switch self {
    case .generate(var generation):
      self = .embed(Reading())
      generation.rewind()
      self = .generate(generation)
    case .score(var scoring):
      scoring.rewind()
      self = .score(scoring)
    case .embed(var reading):
      reading.rewind()
      self = .embed(reading)
    }
  }

  /// Adds a token to a generation. Traps for other work.
  mutating func accept(_ token: SampledToken) -> Generation.Update {
    guard case .generate(var generation) = self else { preconditionFailure("only a generation takes tokens") }
    // Lets go of the generation, so that its arrays grow in place instead of being copied for every token.
    self = .embed(Reading())
    defer { self = .generate(generation) }
    return generation.accept(token)
  }
}

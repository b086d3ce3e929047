public import GPT2
internal import MicroBatching

/// One pass over given tokens, for their hidden states.
public struct Reading: Sendable {
  public let tokens: [Int]
  /// Whether all that matters is that it comes back: it brings nothing, and is not counted as work.
  let isProbe: Bool
  /// Whether logits come with the hidden states.
  var withLogits = false
  private var sent = 0
  /// Rows that have come back, and are with the reader.
  private var delivered = 0

  /// Reads nothing.
  init() { (tokens, isProbe) = ([], false) }

  private init(probing tokens: [Int]) { (self.tokens, isProbe) = (tokens, true) }

  /// One token that shows that the pipe works.
  static let probe = Reading(probing: [0])

  /// - Throws: ``ModelError`` for a token the model does not have, and for more tokens than its context.
  public init(_ tokens: [Int], configuration: Configuration) throws(ModelError) {
    guard tokens.count <= configuration.positionCount else {
      throw .beyondContext(position: tokens.count - 1, limit: configuration.positionCount)
    }
    try configuration.check(tokens)
    self.tokens = tokens
    isProbe = false
  }

  /// Rows that are not yet sent.
  var remainingRows: Int { tokens.count - sent }

  mutating func takeChunk(atMost count: Int) -> Chunk? {
    let chunk = tokens[sent...].prefix(count)
    guard !chunk.isEmpty else { return nil }
    sent = chunk.endIndex
    let wanted = chunk.indices.clamped(to: delivered..<max(delivered, chunk.endIndex))
    return Chunk(
      tokens: chunk, position: chunk.startIndex,
      rows: wanted.isEmpty
        ? 0..<chunk.count : (wanted.lowerBound - chunk.startIndex)..<(wanted.upperBound - chunk.startIndex),
      start: wanted.isEmpty ? chunk.startIndex : wanted.lowerBound,
      output: wanted.isEmpty ? .nothing : isProbe ? .probe : .hidden(withLogits: withLogits))
  }

  /// Whether some of it is with the reader.
  var isDelivered: Bool { delivered > 0 }

  /// Rows up to this one, which follow on those before, are with the reader.
  mutating func deliver(upTo row: Int) { delivered = row }

  /// What was computed is lost: all rows are to be sent anew, and those that were delivered bring nothing.
  mutating func rewind(to row: Int = 0) { sent = min(sent, row) }
}

extension Configuration {
  /// Throws ``ModelError/tokenOutOfRange(token:vocabularySize:)`` for the first token the model does not have.
  func check(_ tokens: [Int]) throws(ModelError) {
    if let token = tokens.first(where: { $0 < 0 || $0 >= vocabularySize }) {
      throw .tokenOutOfRange(token: token, vocabularySize: vocabularySize)
    }
  }
}

public import GPT2

/// The log-likelihood of given tokens, by windows that slide over them.
///
/// Windows of `window` tokens begin every `stride` tokens; each scores the tokens no earlier window has scored, with all
/// of the window before them as context. Positions begin at 0 in every window. Nothing waits for a result, so chunks
/// follow each other down the pipe, across windows too.
public struct Scoring: Sendable {
  public let tokens: [Int]
  public let window: Int
  public let stride: Int
  /// How many of the most probable tokens to report with each scored one.
  public let topLogProbabilities: Int
  /// Whether to report the rank of each scored token.
  public let ranks: Bool

  /// Where the window being read begins.
  private var begin = 0
  /// The next row to send: index of its token.
  private var next = 0
  /// Rows before this one were scored by earlier windows, or are with the reader.
  private var scored = 0
  /// Rows before this one are scored, and with the reader.
  private var delivered = 0
  /// Rows that are not yet sent, of all windows together.
  private(set) var remainingRows = 0

  /// - Parameters:
  ///   - window: 2 … n_positions
  ///   - stride: 1 … window − 1, or `window` for windows that only share one token
  ///   - topLogProbabilities: 0 … 100
  /// - Throws: ``ModelError/tokenOutOfRange(token:vocabularySize:)``.
  /// - Precondition: the three are in range.
  public init(
    _ tokens: [Int], window: Int, stride: Int, topLogProbabilities: Int = 0, ranks: Bool = false,
    configuration: Configuration
  ) throws(ModelError) {
    precondition(window >= 2 && window <= configuration.positionCount && stride >= 1 && stride <= window)
    precondition(SamplingOptions.Name.topLogProbabilities.range.contains(Double(topLogProbabilities)))
    try configuration.check(tokens)
    self.tokens = tokens
    self.window = window
    self.stride = stride
    self.topLogProbabilities = topLogProbabilities
    self.ranks = ranks
    if tokens.count > 1 { remainingRows = rows(fromWindowAt: 0) }
  }

  /// Rows of the window that begins there, and of all that follow it.
  private func rows(fromWindowAt begin: Int) -> Int {
    var (rows, begin) = (0, begin)
    while true {
      let end = min(begin + window, tokens.count)
      rows += end - 1 - begin
      if end == tokens.count { return rows }
      begin = min(begin + stride, end - 1)
    }
  }

  /// Rows of the window being read that are sent.
  var sentRows: Int { next - begin }

  /// Whether some of it is with the reader.
  var isDelivered: Bool { delivered > 0 }

  /// Rows up to this one, which follow on those before, are with the reader.
  mutating func deliver(upTo row: Int) { delivered = row }

  /// What was computed is lost: the window is to be sent anew that has the first row which was not delivered.
  mutating func rewind() {
    guard tokens.count > 1 else { return }
    begin = 0
    while min(begin + window, tokens.count) - 1 <= delivered, begin < tokens.count - 1 {
      begin = min(begin + stride, min(begin + window, tokens.count) - 1)
    }
    (next, scored) = (begin, delivered)
    remainingRows = begin < tokens.count - 1 ? rows(fromWindowAt: begin) : 0
  }

  /// Most positions a window fills: its last token is only scored, never read.
  var positions: Int { min(window, tokens.count) - 1 }

  mutating func takeChunk(atMost count: Int) -> Chunk? {
    guard remainingRows > 0 else { return nil }
    let end = min(begin + window, tokens.count) - 1
    let rows = next..<min(next + count, end)
    let targets = max(rows.lowerBound, scored)..<max(rows.upperBound, scored)
    let position = next - begin
    remainingRows -= rows.count
    next = rows.upperBound
    if next == end {
      scored = end
      begin = min(begin + stride, end)
      next = begin
    }
    let isScored = !targets.isEmpty
    let meant = isScored ? targets : rows
    return Chunk(
      tokens: tokens[rows], position: position,
      rows: (meant.lowerBound - rows.lowerBound)..<(meant.upperBound - rows.lowerBound), start: meant.lowerBound,
      output: isScored
        ? .scores(
          targets: tokens[(targets.lowerBound + 1)..<(targets.upperBound + 1)], top: topLogProbabilities, ranks: ranks)
        : .nothing)
  }
}

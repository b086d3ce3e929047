/// How work is cut for a pipe: how many micro-batches are in flight, and how large they are.
public struct Pacing: Hashable, Sendable {
  /// Most micro-batches in flight at once.
  public var inFlightLimit: Int
  /// Set by hand: rows of every chunk of a prompt, and most rows of a decode step.
  public var fixedRows: Int?
  /// Most rows of a micro-batch that a stage takes.
  public let rowLimit: Int
  /// Rows of a prompt's chunks, away from where the pipe fills and drains.
  public private(set) var chunkRows = 128
  /// What was found best from so many running sequences on; ascending, nothing when nothing is known of the pipe.
  private var groups: [Choice] = []

  /// Seconds that a row takes the slowest stage, as seen lately; nil before anything was seen.
  private var rowSeconds: Double?

  /// Longest that a chunk is to take the slowest stage while somebody waits for a token: others' tokens come behind it.
  private static let promptSeconds = 0.04
  /// The fewest rows that use the weights well enough, and how many there are before anything was seen.
  private static let (fewestRows, firstRows) = (16, 64)

  private struct Choice: Hashable {
    var from: Int
    var best: Int
  }

  /// Without knowledge of the pipe: chunks of 128 rows, of 512 for one stage, as many groups as may be in flight.
  public init(stageCount: Int, rowLimit: Int = 512, fixedRows: Int? = nil) {
    inFlightLimit = stageCount == 1 ? 1 : stageCount + 1
    self.rowLimit = rowLimit
    self.fixedRows = fixedRows.map { min($0, rowLimit) }
    // What fills no pipe can be large.
    chunkRows = min(rowLimit, fixedRows ?? (stageCount == 1 ? 512 : 128))
  }

  /// What the model of the pipe finds best.
  ///
  /// Takes some milliseconds for each stage.
  ///
  /// - Parameters:
  ///   - rowLimit: most rows of a micro-batch.
  ///   - sequenceLimit: most sequences that are written at once; for more than 128, what is best for 128 is taken.
  public init(for pipe: PipeModel, rowLimit: Int = 512, fixedRows: Int? = nil, sequenceLimit: Int = 128) {
    let fixedRows = fixedRows.map { min($0, rowLimit) }
    (self.rowLimit, self.fixedRows) = (rowLimit, fixedRows)
    let stageCount = pipe.stages.count
    let mostInFlight = Self.mostInFlight(stageCount: stageCount)
    if let fixedRows {
      chunkRows = fixedRows
    } else {
      // Long enough that filling and draining count for little; sequences of 512, since attention grows with length. Among
      // equals the largest, which reads the weights least often.
      let candidates = [512, 256, 128, 64, 32].filter { $0 <= rowLimit }
      chunkRows =
        candidates.isEmpty
        ? rowLimit
        : Self.best(candidates, tolerance: 0.01) { rows in
          let work = PipeWorkload.prefill(sequences: 8, tokens: 512, rows: rows, tapers: true)
          return PipeSimulation.run(work, on: pipe, inFlight: mostInFlight).seconds
        }
    }
    let largest = chunkRows
    let counts = Self.inFlightCandidates(stageCount: stageCount)
    // Of several stages at least one more, so that none waits for the one that is going in or coming back.
    var limit = Self.best(counts.filter { stageCount == 1 || $0 > stageCount }) { count in
      let work = PipeWorkload.prefill(
        sequences: 4, tokens: max(1, min(512, 12 * largest)), rows: largest, tapers: fixedRows == nil)
      return PipeSimulation.run(work, on: pipe, inFlight: count).seconds
    }
    for running in [1, 2, 4, 8, 16, 32, 64, 128] where running <= max(1, sequenceLimit) {
      // Fewer, unless more are clearly better: where processes share cores they wait for each other more than the model knows.
      let best = Self.best(
        counts.filter { $0 <= running && running <= $0 * (fixedRows ?? rowLimit) }, tolerance: 0.05
      ) { count in
        let work = PipeWorkload.decode(sequences: running, groups: count, context: 128, steps: 6)
        return PipeSimulation.run(work, on: pipe, inFlight: count).seconds
      }
      groups.append(Choice(from: running, best: best))
      limit = max(limit, best)
    }
    inFlightLimit = limit
  }

  /// Most rows of the next micro-batch when `outstanding` rows of prompts wait to be read and `inFlight` micro-batches are
  /// on their way.
  ///
  /// - Parameter isUrgent: whether somebody waits for a token, so that no chunk is to take long.
  public func rows(outstanding: Int, inFlight: Int, isUrgent: Bool = false) -> Int {
    if let fixedRows { return fixedRows }
    let limit = isUrgent ? rowSeconds.map { Int(Self.promptSeconds / $0) } ?? Self.firstRows : chunkRows
    let rows = min(chunkRows, max(Self.fewestRows, limit))
    // One at a time fills no pipe.
    return inFlightLimit == 1 ? rows : Self.chunk(of: rows, outstanding: outstanding, inFlight: inFlight)
  }

  /// Takes in how long a micro-batch took the slowest stage.
  public mutating func learn(rows: Int, seconds: Double) {
    // What few rows take is mostly the reading of weights.
    guard rows >= Self.fewestRows, seconds > 0 else { return }
    let each = seconds / Double(rows)
    rowSeconds = rowSeconds.map { 0.75 * $0 + 0.25 * each } ?? each
  }

  /// Rows of a chunk where `rows` are best in the middle: fewer while the pipe fills and while it drains, because the last
  /// stage waits for as long as the first micro-batches take the others, and the first stage while the last ones pass.
  static func chunk(of rows: Int, outstanding: Int, inFlight: Int) -> Int {
    let smallest = 32
    let filling = inFlight < 2 ? max(smallest, rows >> (2 - inFlight)) : rows
    return min(rows, filling, max(smallest, outstanding / 2))
  }

  /// Into how many groups `running` sequences that are being written are dealt.
  public func groupCount(running: Int) -> Int {
    max(1, min(running, inFlightLimit, Self.choice(in: groups, for: running) ?? inFlightLimit))
  }

  private static func choice(in choices: [Choice], for number: Int) -> Int? {
    (choices.last { $0.from <= number } ?? choices.first)?.best
  }

  /// The first of the candidates that takes longer than the quickest by no more than this share; 1 of none.
  private static func best(_ candidates: [Int], tolerance: Double = 0.01, seconds: (Int) -> Double) -> Int {
    let times = candidates.map(seconds)
    guard let least = times.min() else { return 1 }
    return zip(candidates, times).first { $0.1 <= least * (1 + tolerance) }!.0
  }

  /// Every station with one, one waiting before each, and more where links are long.
  private static func inFlightCandidates(stageCount: Int) -> [Int] {
    Set(
      Array(1...3) + [
        stageCount, stageCount + 1, stageCount + 2, 2 * stageCount + 2, mostInFlight(stageCount: stageCount),
      ]
    )
    .sorted()
  }

  private static func mostInFlight(stageCount: Int) -> Int { 4 * stageCount + 4 }
}

import Pipeline
import Testing

/// What came of a run.
struct Verdict: Sendable {
  /// What must never be, and was; nil where all is well.
  let violation: String?
  let tally: Tally
  /// What happened at each step, as a number.
  var hashes: [UInt64] = []

  /// Runs a world by its options.
  ///
  /// - Parameters:
  ///   - omitted: what keeps the cluster from harm and is left out.
  ///   - isHashed: whether each step is put down as a number.
  ///   - write: takes each line of what happens.
  static func of(
    _ options: Options, omitting omitted: Protections = [], isHashed: Bool = false, write: ((String) -> Void)? = nil
  ) -> Verdict {
    let journal = isHashed || write != nil ? Journal(write: write) : nil
    let simulation = Simulation(options, omitting: omitted, journal: journal)
    let violation = simulation.run()
    return Verdict(violation: violation, tally: simulation.tally, hashes: journal?.hashes ?? [])
  }

  static let trap = "the code under test traps"

  /// Runs a world in a process of its own, since the code under test may trap.
  ///
  /// - Returns: what must never be, and was.
  static func isolated(_ options: Options) async -> String? {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [line = "\(options)"] in
      Trap.watch(isMeant: true)
      Trap.seed(0, of: 0)
      let violation = Options(line).map { Verdict.of($0).violation } ?? "no options"
      if let violation { Trap.say("violated: \(violation)") }
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    if text.contains("\(Trap.message)") { return trap }
    return text.split(separator: "\n").first { $0.hasPrefix("violated: ") }.map { String($0.dropFirst(10)) }
  }

  /// The violation without its numbers: what stays the same when a run is cut down.
  var kind: String? { violation.map { $0.filter { !$0.isNumber } } }
}

import Pipeline
import Testing

/// A run of the swarm without one of the protections, which has to be noticed.
struct Mutation: Sendable {
  let omitted: Protection
  /// The first seed that notices it, and how; nil where none does.
  var notice: (seed: Int, violation: String)?

  /// Most seeds that one may take to be noticed.
  static let limit = 2000

  /// Runs seeds until one notices, in a process of its own, since code without a protection may trap.
  static func run(omitting protection: Protection, seeds count: Int = limit) async -> Mutation {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [protection = protection.rawValue as UInt8, count = count as Int] in
      Trap.watch(isMeant: true)
      for seed in 0..<count {
        Trap.seed(seed, of: 0)
        let verdict = Verdict.of(Options(swarm: seed), omitting: [Protection(rawValue: protection)!])
        guard let violation = verdict.violation else { continue }
        return Trap.say("noticed: \(seed) \(violation)")
      }
    }
    var mutation = Mutation(omitted: protection)
    for line in String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("noticed: ") {
        let words = line.dropFirst(9).split(separator: " ", maxSplits: 1)
        mutation.notice = words.count == 2 ? Int(words[0]).map { ($0, String(words[1])) } : nil
      } else if line.hasPrefix("\(Trap.message)") {
        mutation.notice = line.split(separator: " ").last.flatMap { Int($0) }.map { ($0, Verdict.trap) }
      }
    }
    return mutation
  }

  /// A line of the table.
  var line: String {
    let name = "\(omitted)"
    let column = name + String(repeating: " ", count: max(1, 18 - name.count))
    guard let notice else { return column + "not noticed in \(Self.limit) seeds" }
    return column + "seed \(notice.seed): \(notice.violation.prefix(100))"
  }
}

import LibC
import Pipeline
import Platform
import Testing

@testable import Coordinator

/// `SEEDS=n` runs so many of them, `FROM=n` from there on, `KINDS=a,b` with these faults alone; `SEED=n` or `CASE=line` runs one
/// and prints what happens; `MARK=name` looks for a run that reaches it; `MUTATIONS=1` leaves protections out and does no more.
@Suite("A swarm of worlds", .serialized) struct SwarmTests {
  private static func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

  private static func text(_ name: String) -> String? {
    guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
    return text
  }

  /// Whether one run is looked for or at, and no more.
  private static var isSingle: Bool { ["SEED", "CASE", "MARK"].contains { text($0) != nil } }

  /// Seeds of a run that nobody has said anything about.
  private static var usualCount: Int { isOptimized ? 2000 : 40 }

  private static var isOptimized: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }

  @Test("options are read as they are printed", arguments: 0..<20)
  func lines(seed: Int) throws {
    let options = Options(swarm: seed)
    #expect(Options("\(options)") == options)
  }

  @Test("what failed once does not again", arguments: Regressions.lines)
  func regression(line: String) throws {
    let options = try #require(Options(line))
    #expect(Verdict.of(options).violation == nil)
  }

  @Test(
    "every request ends once, as in a single process, whatever happens to the cluster",
    .enabled(if: !isSingle && text("MUTATIONS") == nil))
  func seeds() async throws {
    let kinds = Self.text("KINDS").map { $0.split(separator: ",").compactMap { Fault.Kind(rawValue: String($0)) } }
    let first = Self.number("FROM") ?? 0
    let start = Instant.now
    let (sum, failures) = Swarm(first..<(first + (Self.number("SEEDS") ?? Self.usualCount))) {
      Options(swarm: $0, of: kinds ?? Fault.Kind.allCases)
    }.run()
    let time = Instant.now - start
    var tally = sum
    for options in Regressions.lines.compactMap({ Options($0) }) {
      tally.marks.formUnion(Verdict.of(options).tally.marks)
    }
    for (place, failure) in failures.enumerated() {
      var text = "seed \(failure.options.seed): \(failure.violation)"
      if place < 3 {
        let kind = failure.violation.filter { !$0.isNumber }
        var shrinker = Shrinker(failure.options) { Verdict.of($0).kind == kind }
        text += "\n\(failure.options)\nshrunk: \(await shrinker.shrink())"
      }
      Issue.record("\(text)")
    }
    if Self.isOptimized, tally.seeds >= Self.usualCount, kinds == nil {
      #expect(tally.missedMarks.isEmpty, "nothing reaches \(tally.missedMarks)")
    }
    print("simulate: \(tally.line(within: time))")
  }

  @Test("finds what reaches a mark, and cuts it down", .enabled(if: text("MARK") != nil))
  func mark() async throws {
    let mark = try #require(Mark.allCases.first { "\($0)" == Self.text("MARK") })
    for seed in 0..<100_000 where Verdict.of(Options(swarm: seed)).tally.marks.contains(mark) {
      var shrinker = Shrinker(Options(swarm: seed)) { options in
        let verdict = Verdict.of(options)
        return verdict.violation == nil && verdict.tally.marks.contains(mark)
      }
      return print("seed \(seed) reaches \(mark): \(await shrinker.shrink())")
    }
    Issue.record("nothing reaches \(mark)")
  }

  @Test("one seed, with all that happens", .enabled(if: text("SEED") != nil || text("CASE") != nil))
  func one() async throws {
    let options = try #require(Self.text("CASE").map { Options($0) } ?? Self.number("SEED").map { Options(swarm: $0) })
    print(options)
    if let violation = await Verdict.isolated(options) {
      Issue.record("\(violation)")
      let isTrap = violation == Verdict.trap
      let kind = violation.filter { !$0.isNumber }
      var shrinker = Shrinker(options, budget: isTrap ? 200 : 600) { options in
        isTrap ? await Verdict.isolated(options) == violation : Verdict.of(options).kind == kind
      }
      print("shrunk: \(await shrinker.shrink())")
    }
    let verdict = Verdict.of(options) { Trap.say($0) }
    print("simulate: \(verdict.violation ?? "all is well")")
  }

  @Test("each protection that is left out is noticed", .enabled(if: isOptimized && !isSingle))
  func mutations() async throws {
    var noticed = 0
    print("without           is noticed in")
    for protection in Protection.allCases {
      let mutation = await Mutation.run(omitting: protection)
      print(mutation.line)
      #expect(mutation.notice != nil, "nothing notices that \(protection) is left out")
      noticed += mutation.notice == nil ? 0 : 1
    }
    print("simulate: \(noticed) of \(Protection.allCases.count) mutations noticed within \(Mutation.limit) seeds")
  }
}

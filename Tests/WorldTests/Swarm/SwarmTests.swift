import LibC
import Pipeline
import Platform
import Testing

@testable import Coordinator

/// `SEEDS=n` runs so many of them, `FROM=n` from there on, `KINDS=a,b` with these faults alone; `SEED=n` or `CASE=line` runs one
/// and prints what happens.
@Suite("A swarm of worlds", .serialized) struct SwarmTests {
  private static func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

  private static func text(_ name: String) -> String? {
    guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
    return text
  }

  /// Whether one run is looked for or at, and no more.
  private static var isSingle: Bool { ["SEED", "CASE"].contains { text($0) != nil } }

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

  @Test(
    "every request ends once, as in a single process, whatever happens to the cluster",
    .enabled(if: !isSingle))
  func seeds() async throws {
    let kinds = Self.text("KINDS").map { $0.split(separator: ",").compactMap { Fault.Kind(rawValue: String($0)) } }
    let first = Self.number("FROM") ?? 0
    let start = Instant.now
    let (tally, failures) = Swarm(first..<(first + (Self.number("SEEDS") ?? Self.usualCount))) {
      Options(swarm: $0, of: kinds ?? Fault.Kind.survived)
    }.run()
    let time = Instant.now - start
    for (place, failure) in failures.enumerated() {
      var text = "seed \(failure.options.seed): \(failure.violation)"
      if place < 3 {
        let kind = failure.violation.filter { !$0.isNumber }
        var shrinker = Shrinker(failure.options) { Verdict.of($0).kind == kind }
        text += "\n\(failure.options)\nshrunk: \(await shrinker.shrink())"
      }
      Issue.record("\(text)")
    }
    print("simulate: \(tally.line(within: time))")
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
}

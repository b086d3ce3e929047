import Pipeline
import Testing

@testable import Coordinator

@Suite("Values that are not finite")
struct BlameTests {
  private static let stages = ["a", "b", "c"].map {
    StageDescription(name: $0, address: "tcp://10.0.0.1:1", layers: 0..<4, threads: 1, kernels: "avx2")
  }

  /// Records by pairs: whether it was finite when it came, and when it went.
  private static func culprit(
    _ pairs: [(Bool, Bool)], wasFinite: Bool = true, isFinite: Bool
  ) throws(Blame.Disagreement) -> String? {
    let records = pairs.map {
      StageRecord(
        received: 0, computed: 1, waited: 0, sent: 0, isFiniteReceived: $0.0, isFiniteComputed: $0.1)
    }
    return try Blame.culprit(of: records, stages, wasFinite: wasFinite, isFinite: isFinite)?.name
  }

  @Test("are blamed on the stage that made them of finite ones, and on none when they went in so")
  func honest() throws {
    let (good, bad) = ((true, true), (false, false))
    #expect(try Self.culprit([good, good, good], isFinite: true) == nil)
    #expect(try Self.culprit([(true, false), bad, bad], isFinite: false) == "a")
    #expect(try Self.culprit([good, (true, false), bad], isFinite: false) == "b")
    #expect(try Self.culprit([good, good, (true, false)], isFinite: false) == "c")
    #expect(try Self.culprit([bad, bad, bad], wasFinite: false, isFinite: false) == nil)
  }

  @Test("are a loss when a stage says otherwise than it did, by its name, or by both where either may be wrong")
  func liars() {
    let good = (true, true)
    func error(_ pairs: [(Bool, Bool)], isFinite: Bool) -> String {
      do throws(Blame.Disagreement) {
        return "nobody but \(try Self.culprit(pairs, isFinite: isFinite) ?? "nobody")"
      } catch { return "\(error.error)" }
    }
    #expect(error([good, good, good], isFinite: false).contains("worker c broke the protocol"))
    #expect(error([good, good, (true, false)], isFinite: true).contains("worker c broke the protocol"))
    #expect(error([(false, false), (false, false), (false, false)], isFinite: false).contains("worker a broke"))
    let between = error([good, (false, false), (false, false)], isFinite: false)
    #expect(between.contains("worker a") && between.contains("worker b") && !between.contains("worker c"))
  }
}

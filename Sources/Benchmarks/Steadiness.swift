internal import Wording

/// Whether a machine kept its speed while it was measured: what rounds of the same measurement say of each other.
package struct Steadiness: Encodable, Equatable {
  /// How many rounds were measured.
  package var rounds: Int
  /// By how much the two quickest rounds differ, at most over all that was measured: 0.1 is 10 %.
  package var spread: Double
  /// All cores together took longer than one of them alone.
  package var allCoresAreSlower: Bool

  package enum CodingKeys: String, CodingKey {
    case rounds, spread
    case allCoresAreSlower = "all_cores_slower_than_one"
  }

  /// Rounds that agree to this are believed.
  package static let tolerance = 0.1
  /// Rounds are repeated up to so many.
  package static let limit = 5

  /// - Parameters:
  ///   - seconds: of each round, by what was measured: the number of threads.
  ///   - cores: the number of threads that is all cores.
  package init(_ seconds: [Int: [Double]], cores: Int) {
    rounds = seconds.values.map(\.count).max() ?? 0
    spread =
      seconds.values.map { times in
        let quickest = times.sorted().prefix(2)
        return quickest.count < 2 ? .infinity : quickest[1] / max(quickest[0], 1e-12) - 1
      }.max() ?? .infinity
    let best = seconds.mapValues { $0.min() ?? .infinity }
    allCoresAreSlower = cores > 1 && best[cores, default: 0] > 1.02 * best[1, default: .infinity]
  }

  package var isSteady: Bool { spread <= Self.tolerance && !allCoresAreSlower }

  /// What a person has to know of the figures; nil when there is nothing.
  package var warning: String? {
    if isSteady { return nil }
    let differences = spread > Self.tolerance ? "the best two of \(rounds) rounds differ by \(percent(spread))" : nil
    let cores = allCoresAreSlower ? "all cores together were slower than one of them alone" : nil
    return "This machine was busy while it was measured: "
      + [differences, cores].compactMap { $0 }.joined(separator: ", and ")
      + ". The figures are rough; run this again when the machine is quiet."
  }
}

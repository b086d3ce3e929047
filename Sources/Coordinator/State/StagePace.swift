internal import Platform

/// How long a stage takes for its micro-batches, against what it measured when it joined.
struct StagePace {
  /// The mean of late ones.
  private(set) var ratio = 1.0
  private var count = 0
  private var since: Instant?

  private static let weight = 1.0 / 16
  /// What it takes to know.
  private static let (passes, time) = (48, Duration.seconds(2))
  /// From so many times as slow as the others on it is slow, and no chance.
  static let slow = 2.5
  /// More than that says no more.
  static let slowest = 1000.0

  mutating func learn(_ seconds: Double, predicted: Double, now: Instant) {
    guard predicted > 0 else { return }
    since = since ?? now
    count += 1
    ratio += max(Self.weight, 1 / Double(count)) * (seconds / predicted - ratio)
  }

  func isKnown(now: Instant) -> Bool { count >= Self.passes && since.map { now - $0 >= Self.time } ?? false }

  /// How many times as slow each stage is as the others are by their own measures; nothing before that is known of all. What slows
  /// down all of them is nobody's.
  static func factors(_ paces: [StagePace], now: Instant) -> [Double]? {
    guard paces.count > 1, paces.allSatisfy({ $0.isKnown(now: now) }) else { return nil }
    return paces.indices.map { index in
      let others = paces.indices.filter { $0 != index }.map { paces[$0].ratio }.sorted()
      return paces[index].ratio / max(others[others.count / 2], 1e-9)
    }
  }
}

internal import DequeModule
internal import Platform

/// By when the oldest micro-batch in the pipe has to be back: pure, with the time passed in.
///
/// The time is several times what was predicted for computing, and what its bytes take a slow link at each hop. Who holds it up is
/// mostly known sooner and better, from the stages' own heartbeats and from the links; this finds the stage that lies about what
/// it has.
struct PassDeadline {
  private struct Flight {
    var sent: Instant
    var limit: Duration
  }

  /// Oldest first.
  private var flights: Deque<Flight> = []
  /// Since when the oldest is awaited: those before it are back.
  private var since = Instant(nanoseconds: 0)

  /// What waits for other processes, and for whatever else runs on the machines.
  private static let base = Duration.seconds(5)
  /// The longest that what workers say of themselves makes others wait, and that anything does.
  private static let longestPrediction = Duration.seconds(120)
  private static let longest = Duration.seconds(600)
  /// Bytes a second of a link that is slow, and not lost: 1 Mbit/s.
  private static let slowLink = 125_000.0

  /// A micro-batch went into the pipe.
  ///
  /// - Parameters:
  ///   - seconds: how long all stages together should compute; nil where nobody measured.
  ///   - hops: links that its bytes cross.
  mutating func sent(seconds: Double?, bytes: Int, hops: Int, now: Instant) {
    let computing = seconds.map { min(Self.longestPrediction, .seconds(4 * max(0, $0))) } ?? Self.longest
    let crossing = Duration.seconds(Double(bytes * hops) / Self.slowLink)
    flights.append(Flight(sent: now, limit: Self.base + computing + min(crossing, Self.longest)))
  }

  /// The oldest is back.
  mutating func arrived(now: Instant) {
    _ = flights.popFirst()
    since = now
  }

  /// The process was held up, and with it everything that would have told it of arrivals.
  mutating func forgive(_ halt: Duration, now: Instant) {
    since = min(now, max(since, flights.first?.sent ?? since) + halt)
  }

  /// For how long the oldest is awaited, when that is too long.
  func overdue(now: Instant) -> Duration? {
    guard let oldest = flights.first else { return nil }
    let waited = now - max(oldest.sent, since)
    return waited > oldest.limit ? waited : nil
  }
}

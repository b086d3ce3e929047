internal import ZeroMQ

/// How long nothing was heard of a peer, by the time in which this process listened: not while it was held up, say with all of
/// its machine.
public struct Hearing: Hashable, Sendable {
  private var lastHeard: UInt64
  private var lastListened: UInt64
  /// Since when the peer was never silent for long.
  private var steadySince: UInt64

  /// Who asks less often than this was held up.
  private static let halt: UInt64 = 300_000_000
  /// A silence in which a peer that speaks a few times a second has left out several words.
  private static let pause: UInt64 = 1_000_000_000

  /// - Parameter now: here and below, in nanoseconds of this machine's monotonic clock.
  public init(now: UInt64) { (lastHeard, lastListened, steadySince) = (now, now, now) }

  public mutating func heard(now: UInt64) {
    if now > lastHeard + Self.pause { steadySince = now }
    lastHeard = max(lastHeard, now)
  }

  /// How long nothing was heard; to be asked a few times a second.
  public mutating func silence(now: UInt64) -> Duration {
    let pause = now - min(now, lastListened)
    lastListened = now
    if pause > Self.halt { lastHeard = min(now, lastHeard + pause - Self.halt) }
    return .nanoseconds(now - min(now, lastHeard))
  }

  /// The same where it is longer than `patience`, and nil where it is not. A large message on a slow link is heard only when it is
  /// whole: where the system knows better, it is asked.
  ///
  /// - Parameter connection: over which the peer speaks; nil within a process, where nothing gets lost.
  mutating func silence(beyond patience: Duration, on connection: Connection?, now: UInt64) -> Duration? {
    let silence = silence(now: now)
    guard silence > patience, let connection else { return nil }
    let quiet = min(silence, connection.silence ?? silence)
    return quiet > patience ? quiet : nil
  }

  /// For how long the peer has spoken without a pause; zero while there is one.
  public func steadiness(now: UInt64) -> Duration {
    now > lastHeard + Self.pause ? .zero : .nanoseconds(now - min(now, steadySince))
  }
}

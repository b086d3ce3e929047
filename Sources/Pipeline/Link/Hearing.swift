public import Platform

/// How long nothing was heard of a peer, by the time in which this process listened: not while it was held up, say with all of
/// its machine.
public struct Hearing: Hashable, Sendable {
  private var lastHeard: Instant
  private var lastListened: Instant
  /// Since when the peer was never silent for long.
  private var steadySince: Instant

  /// Who asks less often than this was held up.
  private static let halt = Duration.milliseconds(300)
  /// A silence in which a peer that speaks a few times a second has left out several words.
  private static let pause = Duration.seconds(1)

  public init(now: Instant) { (lastHeard, lastListened, steadySince) = (now, now, now) }

  public mutating func heard(now: Instant) {
    if now - lastHeard > Self.pause { steadySince = now }
    lastHeard = max(lastHeard, now)
  }

  /// How long nothing was heard; to be asked a few times a second.
  public mutating func silence(now: Instant) -> Duration {
    let pause = now - lastListened
    lastListened = now
    if pause > Self.halt { lastHeard = min(now, lastHeard + (pause - Self.halt)) }
    return max(.zero, now - lastHeard)
  }

  /// For how long the peer has spoken without a pause; zero while there is one.
  public func steadiness(now: Instant) -> Duration {
    now - lastHeard > Self.pause ? .zero : max(.zero, now - steadySince)
  }
}

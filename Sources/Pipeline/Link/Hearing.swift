/// How long nothing was heard of a peer, by the time in which this process listened: not while it was held up, say with all of
/// its machine.
public struct Hearing: Hashable, Sendable {
  private var lastHeard: UInt64
  private var lastListened: UInt64

  /// Who asks less often than this was held up.
  private static let halt: UInt64 = 300_000_000

  /// - Parameter now: here and below, in nanoseconds of this machine's monotonic clock.
  public init(now: UInt64) { (lastHeard, lastListened) = (now, now) }

  public mutating func heard(now: UInt64) { lastHeard = max(lastHeard, now) }

  /// How long nothing was heard; to be asked a few times a second.
  public mutating func silence(now: UInt64) -> Duration {
    let pause = now - min(now, lastListened)
    lastListened = now
    if pause > Self.halt { lastHeard = min(now, lastHeard + pause - Self.halt) }
    return .nanoseconds(now - min(now, lastHeard))
  }
}

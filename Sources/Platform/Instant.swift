internal import LibC

/// A moment on this machine's monotonic clock, which all of its processes share and which stands still while it sleeps.
///
/// Those of two machines have nothing to do with each other.
public struct Instant: Hashable, Comparable, Sendable {
  /// Since some moment that is the machine's own; what crosses the wire.
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Reads the clock.
  public static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// How long after `b` it is; negative when it is before.
  public static func - (a: Instant, b: Instant) -> Duration {
    .nanoseconds(Int64(bitPattern: a.nanoseconds &- b.nanoseconds))
  }

  public static func + (a: Instant, time: Duration) -> Instant {
    Instant(nanoseconds: a.nanoseconds &+ UInt64(bitPattern: time.nanoseconds))
  }

  public static func - (a: Instant, time: Duration) -> Instant {
    Instant(nanoseconds: a.nanoseconds &- UInt64(bitPattern: time.nanoseconds))
  }

  public static func += (a: inout Instant, time: Duration) { a = a + time }
}

extension Duration {
  /// In nanoseconds, and as many as there can be of more than 292 years.
  public var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, sumOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || sumOverflow ? (seconds < 0 ? .min : .max) : sum
  }

  /// As a number.
  public var seconds: Double { self / .seconds(1) }

  /// How long `body` takes.
  public static func taken<Failure: Error>(by body: () throws(Failure) -> Void) throws(Failure) -> Duration {
    let start = Instant.now
    try body()
    return .now - start
  }
}

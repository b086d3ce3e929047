public import Platform

/// Nanoseconds, as tests count them.
extension Instant: ExpressibleByIntegerLiteral {
  public init(integerLiteral nanoseconds: UInt64) { self.init(nanoseconds: nanoseconds) }
}

extension Instant {
  /// So many seconds after the first instant.
  public static func seconds(_ seconds: Double) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }
}

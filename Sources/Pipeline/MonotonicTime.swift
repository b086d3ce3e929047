internal import Dispatch

/// The machine's monotonic clock, the same for all processes of one machine.
public enum MonotonicTime {
  /// Nanoseconds since some moment that is the machine's own.
  public static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }
}

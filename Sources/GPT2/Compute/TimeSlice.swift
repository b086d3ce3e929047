internal import CKernels

/// How long a thread runs before others on its core get their turn.
///
/// The shorter it is, the sooner a thread gets the core that wakes up where another computes. By what is usual, 3 ms, a message
/// between two stages waits that long every now and then, once for each thread on its way, while a core may be idle. Where the
/// system has no such thing (Linux has from 6.12 on), nothing happens.
public enum TimeSlice {
  /// The least that Linux allows, in nanoseconds.
  static let shortest: UInt64 = 100_000

  /// For the calling thread and those that it starts from now on, libzmq's among them: they hand things on, and take the
  /// processor for long only in ``lengthened(_:)``.
  public static func shorten() { _ = gpt2_set_slice(shortest) }

  /// Calls `body`, which computes, with the time slice that is usual.
  static func lengthened<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let before = gpt2_set_slice(0)
    defer { if before > 0 { _ = gpt2_set_slice(before) } }
    return try body()
  }
}

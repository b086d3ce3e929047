internal import CPlatform

/// How long a thread runs before others on its core get their turn.
///
/// The shorter it is, the sooner a thread gets the core that wakes up where another computes. With what is usual it may wait
/// for the clock's next tick, up to 4 ms, while another core is idle; a message between two stages takes three threads to cross.
/// Where the system has no such thing (Linux has from 6.12 on), nothing happens.
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

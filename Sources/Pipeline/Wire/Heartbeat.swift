/// Sent by the thread that computes, between blocks at the latest.
public struct Heartbeat: Hashable, Sendable {
  /// Counts blocks that were run, or tensors that were loaded.
  public var progress: UInt64
  /// The worker's monotonic clock, in nanoseconds.
  public var time: UInt64
  /// The coordinator's time in the last pulse that arrived, and the worker's time when it did; 0 before.
  public var pulse: UInt64
  public var pulseArrival: UInt64
  /// Micro-batches of this epoch that the stage has taken, and that it has handed on: who holds them up is seen by these.
  public var taken: UInt64
  public var passed: UInt64

  public init(
    progress: UInt64, time: UInt64, pulse: UInt64, pulseArrival: UInt64, taken: UInt64 = 0, passed: UInt64 = 0
  ) {
    self.progress = progress
    self.time = time
    self.pulse = pulse
    self.pulseArrival = pulseArrival
    (self.taken, self.passed) = (taken, passed)
  }
}

extension Heartbeat: MessageBody {
  static var kind: Message.Kind { .heartbeat }

  init(_ reader: inout WireReader) throws(WireError) {
    progress = try reader.anyLong()
    time = try reader.nanoseconds("time")
    pulse = try reader.nanoseconds("pulse")
    pulseArrival = try reader.nanoseconds("pulseArrival")
    taken = try reader.anyLong()
    passed = try reader.anyLong()
    guard pulseArrival <= time else {
      throw reader.error("pulseArrival", found: "\(pulseArrival)", expected: "at most the time, \(time)")
    }
  }

  func write(to writer: inout WireWriter) {
    precondition(pulseArrival <= time, "a pulse of the future")
    writer.anyLong(progress)
    writer.nanoseconds(time)
    writer.nanoseconds(pulse)
    writer.nanoseconds(pulseArrival)
    writer.anyLong(taken)
    writer.anyLong(passed)
  }
}

/// The coordinator lives.
public struct Pulse: Hashable, Sendable {
  /// The coordinator's monotonic clock, in nanoseconds.
  public var time: UInt64

  public init(time: UInt64) {
    self.time = time
  }
}

extension Pulse: MessageBody {
  static var kind: Message.Kind { .pulse }

  init(_ reader: inout WireReader) throws(WireError) {
    time = try reader.nanoseconds("time")
  }

  func write(to writer: inout WireWriter) {
    writer.nanoseconds(time)
  }
}

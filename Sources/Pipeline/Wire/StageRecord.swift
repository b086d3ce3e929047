/// What one stage did with one micro-batch, on the stage's monotonic clock, in nanoseconds.
public struct StageRecord: Hashable, Sendable {
  /// When the stage took the micro-batch from its link.
  public var received: UInt64
  /// When it had computed it.
  public var computed: UInt64
  /// Time the stage had waited for it with nothing to do.
  public var waited: UInt64
  /// Time it took to hand on the micro-batch before this one.
  public var sent: UInt64
  /// Whether all activations were finite numbers when the stage received them, and when it had computed them.
  public var isFiniteReceived: Bool
  public var isFiniteComputed: Bool

  public init(
    received: UInt64, computed: UInt64, waited: UInt64, sent: UInt64, isFiniteReceived: Bool = true,
    isFiniteComputed: Bool = true
  ) {
    (self.isFiniteReceived, self.isFiniteComputed) = (isFiniteReceived, isFiniteComputed)
    self.received = received
    self.computed = computed
    self.waited = waited
    self.sent = sent
  }
}

extension StageRecord {
  static let byteCount = 34

  init(_ reader: inout WireReader) throws(WireError) {
    received = try reader.nanoseconds("record.received")
    computed = try reader.nanoseconds("record.computed")
    waited = try reader.nanoseconds("record.waited")
    sent = try reader.nanoseconds("record.sent")
    isFiniteReceived = try reader.flag("record.isFiniteReceived")
    isFiniteComputed = try reader.flag("record.isFiniteComputed")
    guard received <= computed else {
      throw reader.error(
        "record.computed", found: "\(computed)", expected: "at least when it was received, \(received)")
    }
  }

  func write(to writer: inout WireWriter) {
    precondition(received <= computed, "computed before it was received")
    writer.nanoseconds(received)
    writer.nanoseconds(computed)
    writer.nanoseconds(waited)
    writer.nanoseconds(sent)
    writer.flag(isFiniteReceived)
    writer.flag(isFiniteComputed)
  }
}

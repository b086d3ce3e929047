/// The worker has its slice, and its link to the next stage stands.
public struct Ready: Hashable, Sendable {
  /// Bytes of weights read from files, received from the coordinator, and found in the cache.
  public var bytesRead: Int
  public var bytesReceived: Int
  public var bytesCached: Int
  public var nanoseconds: UInt64

  public init(bytesRead: Int, bytesReceived: Int, bytesCached: Int, nanoseconds: UInt64) {
    self.bytesRead = bytesRead
    self.bytesReceived = bytesReceived
    self.bytesCached = bytesCached
    self.nanoseconds = nanoseconds
  }
}

extension Ready: MessageBody {
  static var kind: Message.Kind { .ready }

  init(_ reader: inout WireReader) throws(WireError) {
    bytesRead = try reader.long("bytesRead", in: WireLimits.byteCount)
    bytesReceived = try reader.long("bytesReceived", in: WireLimits.byteCount)
    bytesCached = try reader.long("bytesCached", in: WireLimits.byteCount)
    nanoseconds = try reader.nanoseconds("nanoseconds")
  }

  func write(to writer: inout WireWriter) {
    writer.long(bytesRead, in: WireLimits.byteCount)
    writer.long(bytesReceived, in: WireLimits.byteCount)
    writer.long(bytesCached, in: WireLimits.byteCount)
    writer.nanoseconds(nanoseconds)
  }
}

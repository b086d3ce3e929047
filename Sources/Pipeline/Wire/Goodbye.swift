/// The sender leaves in order; nothing follows.
public struct Goodbye: Hashable, Sendable {
  /// Empty when the work is done.
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}

extension Goodbye: MessageBody {
  static var kind: Message.Kind { .goodbye }

  init(_ reader: inout WireReader) throws(WireError) {
    reason = try reader.text("reason", in: WireLimits.sentence)
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(reason, in: WireLimits.sentence)
  }
}

/// Why the worker cannot go on; a sentence for a person.
public struct Failure: Hashable, Sendable {
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}

extension Failure: MessageBody {
  static var kind: Message.Kind { .failure }

  init(_ reader: inout WireReader) throws(WireError) {
    reason = try reader.text("reason", in: WireLimits.sentence)
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(reason, in: WireLimits.sentence)
  }
}

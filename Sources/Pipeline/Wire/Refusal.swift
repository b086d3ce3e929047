/// The coordinator turns the worker away; a sentence for a person.
public struct Refusal: Hashable, Sendable {
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}

extension Refusal: MessageBody {
  static var kind: Message.Kind { .refusal }

  init(_ reader: inout WireReader) throws(WireError) {
    reason = try reader.text("reason", in: WireLimits.sentence)
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(reason, in: WireLimits.sentence)
  }
}

/// An end of a data link lives, and had nothing else to say for a while.
public struct Beat: Hashable, Sendable {
  public init() {}
}

extension Beat: MessageBody {
  static var kind: Message.Kind { .beat }

  init(_ reader: inout WireReader) throws(WireError) {}

  func write(to writer: inout WireWriter) {}
}

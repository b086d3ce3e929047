/// The receiver has room for so many passes more.
public struct Credit: Hashable, Sendable {
  public var passes: Int

  public init(passes: Int) {
    self.passes = passes
  }
}

extension Credit: MessageBody {
  static var kind: Message.Kind { .credit }

  init(_ reader: inout WireReader) throws(WireError) {
    passes = try reader.word("passes", in: WireLimits.credits)
  }

  func write(to writer: inout WireWriter) {
    writer.word(passes, in: WireLimits.credits)
  }
}

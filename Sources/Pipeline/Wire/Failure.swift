/// Why the worker cannot go on, or why its stage cannot; a sentence for a person.
public struct Failure: Hashable, Sendable {
  public var reason: String
  /// The link that failed, when that is why: then the worker is no stage any more, and stays for the next plan.
  public var link: LinkSide?

  public init(reason: String, link: LinkSide? = nil) {
    self.reason = reason
    self.link = link
  }
}

extension Failure: MessageBody {
  static var kind: Message.Kind { .failure }

  init(_ reader: inout WireReader) throws(WireError) {
    reason = try reader.text("reason", in: WireLimits.sentence)
    link = LinkSide(rawValue: try reader.byte("link", in: WireLimits.failedLinks))
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(reason, in: WireLimits.sentence)
    writer.byte(link?.rawValue ?? 0, in: WireLimits.failedLinks)
  }
}

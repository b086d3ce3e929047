/// Why the worker cannot go on, or why its stage cannot; a sentence for a person.
public struct Failure: Hashable, Sendable {
  public var reason: String
  /// The link that failed, when that is why: then the worker is no stage any more, and stays for the next plan.
  public var link: LinkSide?
  /// Whether nobody was reached at the link's other end.
  public var isUnanswered: Bool

  public init(reason: String, link: LinkSide? = nil, isUnanswered: Bool = false) {
    self.reason = reason
    self.link = link
    self.isUnanswered = isUnanswered
  }
}

extension Failure: MessageBody {
  static var kind: Message.Kind { .failure }

  init(_ reader: inout WireReader) throws(WireError) {
    reason = try reader.text("reason", in: WireLimits.sentence)
    link = LinkSide(rawValue: try reader.byte("link", in: WireLimits.failedLinks))
    isUnanswered = try reader.flag("isUnanswered")
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(reason, in: WireLimits.sentence)
    writer.byte(link?.rawValue ?? 0, in: WireLimits.failedLinks)
    writer.flag(isUnanswered)
  }
}

/// A coordinator sends a worker away, and nothing follows; or a worker would like to leave, and serves on until it is sent away.
public struct Goodbye: Hashable, Sendable {
  /// Empty when the work is done, and of a worker.
  public var reason: String
  /// Whether the worker is to say hello again, as a new incarnation: it was given up, or the coordinator may come again.
  public var joinsAgain: Bool

  public init(reason: String, joinsAgain: Bool = false) {
    self.reason = reason
    self.joinsAgain = joinsAgain
  }
}

extension Goodbye: MessageBody {
  static var kind: Message.Kind { .goodbye }

  init(_ reader: inout WireReader) throws(WireError) {
    reason = try reader.text("reason", in: WireLimits.sentence)
    joinsAgain = try reader.flag("joinsAgain")
  }

  func write(to writer: inout WireWriter) {
    writer.sentence(reason, in: WireLimits.sentence)
    writer.flag(joinsAgain)
  }
}

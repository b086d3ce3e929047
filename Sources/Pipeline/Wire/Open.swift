/// The sender will send activations on this link.
public struct Open: Hashable, Sendable {
  /// Index of the sending stage; −1 is the coordinator.
  public var stage: Int

  public init(stage: Int) {
    self.stage = stage
  }
}

extension Open: MessageBody {
  static var kind: Message.Kind { .open }

  init(_ reader: inout WireReader) throws(WireError) {
    stage = try reader.signedWord("stage", in: WireLimits.openStages)
  }

  func write(to writer: inout WireWriter) {
    writer.signedWord(stage, in: WireLimits.openStages)
  }
}

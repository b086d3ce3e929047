/// The sender will send activations on this link.
public struct Open: Hashable, Sendable {
  /// Index of the sending stage; −1 is the coordinator.
  public var stage: Int
  /// The link's secret, see ``LinkTerms``.
  public var secret: [UInt8]

  public init(stage: Int, secret: [UInt8]) {
    precondition(secret.count == LinkTerms.secretByteCount, "a secret of \(secret.count) bytes")
    (self.stage, self.secret) = (stage, secret)
  }
}

extension Open: MessageBody {
  static var kind: Message.Kind { .open }

  init(_ reader: inout WireReader) throws(WireError) {
    stage = try reader.signedWord("stage", in: WireLimits.openStages)
    secret = try reader.bytes(LinkTerms.secretByteCount)
  }

  func write(to writer: inout WireWriter) {
    writer.signedWord(stage, in: WireLimits.openStages)
    writer.bytes(secret, exactly: LinkTerms.secretByteCount)
  }
}

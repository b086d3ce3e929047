/// Bytes of a tensor as they are stored.
public struct Piece: Hashable, Sendable {
  /// Most bytes of a piece.
  public static let byteLimit = WireLimits.piece.upperBound
  public var tensor: Int
  public var offset: Int
  public var bytes: [UInt8]

  public init(tensor: Int, offset: Int, bytes: [UInt8]) {
    self.tensor = tensor
    self.offset = offset
    self.bytes = bytes
  }
}

extension Piece: MessageBody {
  static var kind: Message.Kind { .piece }

  init(_ reader: inout WireReader) throws(WireError) {
    tensor = try reader.word("tensor", in: WireLimits.tensorIndices)
    offset = try reader.long("offset", in: WireLimits.byteCount)
    bytes = try reader.bytes("bytes", in: WireLimits.piece)
  }

  func write(to writer: inout WireWriter) {
    writer.word(tensor, in: WireLimits.tensorIndices)
    writer.long(offset, in: WireLimits.byteCount)
    writer.bytes(bytes, in: WireLimits.piece)
  }
}

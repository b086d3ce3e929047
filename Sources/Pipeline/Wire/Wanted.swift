/// The worker asks for pieces of a tensor.
public struct Wanted: Hashable, Sendable {
  /// Index into the assignment's tensors.
  public var tensor: Int
  /// Byte to begin at.
  public var offset: Int
  /// How many pieces may be sent for this request.
  public var pieces: Int

  public init(tensor: Int, offset: Int, pieces: Int) {
    self.tensor = tensor
    self.offset = offset
    self.pieces = pieces
  }
}

extension Wanted: MessageBody {
  static var kind: Message.Kind { .wanted }

  init(_ reader: inout WireReader) throws(WireError) {
    tensor = try reader.word("tensor", in: WireLimits.tensorIndices)
    offset = try reader.long("offset", in: WireLimits.byteCount)
    pieces = try reader.word("pieces", in: WireLimits.pieces)
  }

  func write(to writer: inout WireWriter) {
    writer.word(tensor, in: WireLimits.tensorIndices)
    writer.long(offset, in: WireLimits.byteCount)
    writer.word(pieces, in: WireLimits.pieces)
  }
}

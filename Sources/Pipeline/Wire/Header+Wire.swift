extension Header {
  static let magic = Array("GPT2".utf8)

  func write(to writer: inout WireWriter, kind: Message.Kind, bodyByteCount: Int) {
    writer.bytes(Self.magic, exactly: 4)
    writer.integer(Self.version)
    writer.integer(kind.rawValue)
    writer.integer(epoch.coordinator)
    writer.integer(number)
    writer.integer(sequence)
    writer.integer(epoch.plan)
    writer.integer(UInt32(bodyByteCount))
  }

  /// The header of `frame`, whose body has the length that it says.
  ///
  /// Magic and version are looked at before the length, so that a stranger and another version are called what they are.
  static func read(_ frame: UnsafeRawBufferPointer) throws(WireError) -> (Header, Message.Kind) {
    func integer<Value: FixedWidthInteger>(at offset: Int, as _: Value.Type) -> Value {
      Value(littleEndian: frame.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    let beginning = frame.prefix(magic.count)
    guard magic.starts(with: beginning) else { throw .notOurs(magic: Array(beginning)) }
    if frame.count >= 6, case let version = integer(at: 4, as: UInt16.self), version != Self.version {
      throw .otherVersion(found: version, expected: Self.version)
    }
    guard frame.count >= byteCount else { throw .tooShort(bytes: frame.count, expected: byteCount) }
    let code = integer(at: 6, as: UInt16.self)
    guard let kind = Message.Kind(rawValue: code) else { throw .unknownKind(code) }
    let end = byteCount + Int(integer(at: 36, as: UInt32.self))
    guard frame.count >= end else { throw .tooShort(bytes: frame.count, expected: end) }
    guard frame.count == end else { throw .trailingBytes(frame.count - end) }
    let header = Header(
      epoch: Epoch(coordinator: integer(at: 8, as: UInt64.self), plan: integer(at: 32, as: UInt32.self)),
      number: integer(at: 16, as: UInt64.self), sequence: integer(at: 24, as: UInt64.self))
    return (header, kind)
  }
}

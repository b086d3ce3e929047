/// The 256 printable characters in which GPT-2's vocabulary and merges files spell bytes.
///
/// Bytes that are printable in Latin-1 (`!`–`~`, `¡`–`¬`, `®`–`ÿ`) stand for themselves; the other 68, in rising order,
/// are U+0100, U+0101, … (so a space is `Ġ`, U+0120). Every character takes at most two bytes of UTF-8.
enum ByteAlphabet {
  /// The character that spells each byte.
  static let scalars: [Unicode.Scalar] = {
    var nextSubstitute: UInt32 = 0x100
    return (UInt8.min...UInt8.max).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
      default:
        defer { nextSubstitute += 1 }
        return Unicode.Scalar(nextSubstitute)!
      }
    }
  }()

  /// The byte each character spells, by the character's value; nil where the value below U+0144 spells none.
  private static let bytesByScalar: [UInt8?] = {
    var table = [UInt8?](repeating: nil, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = UInt8(byte) }
    return table
  }()

  /// Appends the bytes that `spelling` stands for.
  ///
  /// - Returns: nil when all went well, otherwise the offset into the UTF-8 of `spelling` of the first character that
  ///   is not of the alphabet; `bytes` then holds what came before it.
  static func decode(_ spelling: String, into bytes: inout [UInt8]) -> Int? {
    var spelling = spelling
    return spelling.withUTF8 { decode($0.span, into: &bytes) }
  }

  private static func decode(_ spelling: Span<UInt8>, into bytes: inout [UInt8]) -> Int? {
    let table = bytesByScalar
    var index = 0
    while index < spelling.count {
      var value = Int(spelling[index])
      var length = 1
      if value >= 0x80 {
        // Two-byte sequences reach U+07FF, well past the alphabet; anything longer is foreign to it.
        guard value & 0xE0 == 0xC0 else { return index }
        value = (value & 0x1F) << 6 | Int(spelling[index + 1] & 0x3F)
        length = 2
      }
      guard value < table.count, let byte = table[value] else { return index }
      bytes.append(byte)
      index += length
    }
    return nil
  }

  /// The character that begins at byte `offset` of the UTF-8 of `text`.
  static func character(of text: String, at offset: Int) -> Unicode.Scalar {
    text.unicodeScalars[text.utf8.index(text.startIndex, offsetBy: offset)]
  }

  /// The characters that spell `bytes`.
  static func spelling(of bytes: some Sequence<UInt8>) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(scalars[Int(byte)]) }
    return String(text)
  }
}

extension JSONParser {
  /// Reads a string from its opening quote on.
  mutating func parseString() throws(JSONError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
      case UInt8(ascii: "\\"):
        return try parseEscapedString(from: start)
      case let byte where byte < 0x20:
        throw JSONError(.controlCharacter(byte), offset: position)
      case let byte where byte < 0x80:
        position += 1
      default:
        try skipMultibyteCharacter()
      }
    }
    throw JSONError(.unexpectedEnd(expected: .string), offset: position)
  }

  /// Goes on with a string that began at `start` and in which `position` is at the first backslash.
  private mutating func parseEscapedString(from start: Int) throws(JSONError) -> String {
    unescaped.removeAll(keepingCapacity: true)
    unescaped.append(contentsOf: bytes[start..<position])
    while position < bytes.count {
      let character = position
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: unescaped, as: UTF8.self)
      case UInt8(ascii: "\\"):
        try parseEscape()
      case let byte where byte < 0x20:
        throw JSONError(.controlCharacter(byte), offset: position)
      case let byte where byte < 0x80:
        unescaped.append(byte)
        position += 1
      default:
        try skipMultibyteCharacter()
        unescaped.append(contentsOf: bytes[character..<position])
      }
    }
    throw JSONError(.unexpectedEnd(expected: .string), offset: position)
  }

  /// Appends what the escape at `position` stands for.
  private mutating func parseEscape() throws(JSONError) {
    let start = position
    position += 1
    guard position < bytes.count else { throw JSONError(.unexpectedEnd(expected: .escape), offset: position) }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(letter)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"): try parseUnicodeEscape(from: start)
    default: throw JSONError(.invalidEscape(letter), offset: start)
    }
  }

  /// Goes on with an escape that began at `start`, behind its `\u`.
  private mutating func parseUnicodeEscape(from start: Int) throws(JSONError) {
    let first = try parseHexadecimalUnit()
    if let scalar = Unicode.Scalar(first) {
      unescaped.append(contentsOf: UTF8.encode(scalar)!)
      return
    }
    guard UTF16.isLeadSurrogate(first), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw JSONError(.loneSurrogate(first), offset: start) }
    position += 2
    let second = try parseHexadecimalUnit()
    guard UTF16.isTrailSurrogate(second) else { throw JSONError(.loneSurrogate(first), offset: start) }
    let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
    unescaped.append(contentsOf: UTF8.encode(Unicode.Scalar(value)!)!)
  }

  private mutating func parseHexadecimalUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < bytes.count else {
        throw JSONError(.unexpectedEnd(expected: .hexadecimalDigit), offset: position)
      }
      let digit: UInt8
      switch bytes[position] {
      case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): digit = byte - UInt8(ascii: "0")
      case let byte where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte): digit = byte - UInt8(ascii: "a") + 10
      case let byte where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte): digit = byte - UInt8(ascii: "A") + 10
      case let byte: throw JSONError(.unexpectedByte(byte, expected: .hexadecimalDigit), offset: position)
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  /// Moves over one character of two to four bytes; the table is "Well-Formed UTF-8 Byte Sequences" of the Unicode
  /// Standard (table 3-7), where only the second byte's range depends on the first.
  private mutating func skipMultibyteCharacter() throws(JSONError) {
    let lead = bytes[position]
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0xC2...0xDF: count = 2
    case 0xE0: (count, second) = (3, 0xA0...0xBF)
    case 0xED: (count, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: count = 3
    case 0xF0: (count, second) = (4, 0x90...0xBF)
    case 0xF4: (count, second) = (4, 0x80...0x8F)
    case 0xF1...0xF3: count = 4
    default: throw JSONError(.invalidUTF8(lead), offset: position)
    }
    guard position + count <= bytes.count, second.contains(bytes[position + 1]) else {
      throw JSONError(.invalidUTF8(lead), offset: position)
    }
    for index in position + 2..<position + max(count, 2) where bytes[index] & 0xC0 != 0x80 {
      throw JSONError(.invalidUTF8(lead), offset: position)
    }
    position += count
  }
}

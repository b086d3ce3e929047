/// What the first byte of a character of several bytes says about the rest: table 3-7 of the Unicode standard.
enum WideCharacter {
  /// The number of bytes, 2 to 4; 0 when no character of several bytes begins with `lead`.
  @inline(__always)
  static func length(lead: UInt8) -> Int {
    switch lead {
    case 0xC2...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF4: 4
    default: 0
    }
  }

  /// What the second byte can be: neither an overlong form, nor a surrogate, nor above U+10FFFF.
  @inline(__always)
  static func second(lead: UInt8) -> ClosedRange<UInt8> {
    switch lead {
    case 0xE0: 0xA0...0xBF
    case 0xED: 0x80...0x9F
    case 0xF0: 0x90...0xBF
    case 0xF4: 0x80...0x8F
    default: 0x80...0xBF
    }
  }

  /// The well-formed character that begins with the byte ≥ 0x80 at `index`.
  static func decode(_ text: Span<UInt8>, at index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
    let lead = text[index]
    let length = length(lead: lead)
    guard length > 0, text.count - index >= length, second(lead: lead).contains(text[index + 1]) else { return nil }
    var value = UInt32(lead) & (0x7F >> UInt32(length))
    for offset in 1..<length {
      let byte = text[index + offset]
      guard byte & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return Unicode.Scalar(value).map { ($0, length) }
  }

  /// The well-formed character that begins at `index`, below `text.count`.
  static func scalar(_ text: Span<UInt8>, at index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
    text[index] < 0x80 ? (Unicode.Scalar(text[index]), 1) : decode(text, at: index)
  }

  /// The well-formed character that ends before `index`; nil at the beginning of the text too.
  static func scalar(_ text: Span<UInt8>, endingAt index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
    for length in 1...4 where length <= index {
      if text[index - length] & 0xC0 == 0x80 { continue }
      guard let found = scalar(text, at: index - length), found.length == length else { return nil }
      return found
    }
    return nil
  }
}

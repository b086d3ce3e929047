/// The four kinds of characters that GPT-2's pre-tokenisation tells apart.
enum CharacterClass {
  /// `\p{L}`: general categories Lu, Ll, Lt, Lm, Lo.
  case letter
  /// `\p{N}`: general categories Nd, Nl, No.
  case number
  /// `\s`: the property White_Space.
  case space
  /// `[^\s\p{L}\p{N}]`: all else, combining marks and unassigned code points included, and every byte that is not part
  /// of well-formed UTF-8.
  case other

  /// The class of an ASCII character.
  @inline(__always)
  init(ascii byte: UInt8) {
    if (byte | 0x20) &- 0x61 < 26 {
      self = .letter
    } else if byte == 0x20 || byte &- 0x09 < 5 {
      self = .space
    } else if byte &- 0x30 < 10 {
      self = .number
    } else {
      self = .other
    }
  }

  /// The class of any character, by the Unicode data of Swift's standard library.
  ///
  /// Swift 6.3's agrees with Python's `regex` 2026.5.9 on every scalar. The tokenizers 0.23 of Hugging Face have older
  /// data: to them, 4,657 letters and numbers that were assigned since are ``other``. Nothing else differs.
  init(_ scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = scalar.properties.isWhitespace ? .space : .other
    }
  }
}

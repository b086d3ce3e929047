/// Why a text is not JSON as this reader takes it, and where.
public struct JSONError: Error, Hashable, Sendable {
  public enum Problem: Hashable, Sendable {
    /// The text begins with the three bytes of a byte-order mark.
    case byteOrderMark
    case unexpectedEnd(expected: Expectation)
    case unexpectedByte(UInt8, expected: Expectation)
    /// Something other than white space follows the value.
    case trailingByte(UInt8)
    /// A byte that begins no well-formed UTF-8 sequence (overlong forms and surrogates are not well-formed).
    case invalidUTF8(UInt8)
    /// A byte below 0x20 inside a string, where it must be escaped.
    case controlCharacter(UInt8)
    case invalidEscape(UInt8)
    /// `\u` names half of a surrogate pair without its other half.
    case loneSurrogate(UInt16)
    case leadingZero
    /// A number whose magnitude no `Double` holds.
    case numberOutOfRange
    /// A number of more bytes than `limit`.
    case numberTooLong(limit: Int)
    case duplicateKey(String)
    case tooDeep(limit: Int)
    case tooManyValues(limit: Int)
  }

  /// What the grammar allows at a place.
  public enum Expectation: String, Hashable, Sendable {
    case value = "a value"
    case string = "the end of the string"
    case key = "a key in double quotes"
    case keyOrEnd = "a key in double quotes or \"}\""
    case colon = "\":\""
    case commaOrBracket = "\",\" or \"]\""
    case commaOrBrace = "\",\" or \"}\""
    case literal = "true, false or null"
    case digit = "a digit"
    case hexadecimalDigit = "a hexadecimal digit"
    case escape = "an escape"
  }

  public var problem: Problem
  /// The byte, counted from 0, at which the problem stands.
  public var offset: Int

  public init(_ problem: Problem, offset: Int) {
    self.problem = problem
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  /// One line without the file's name.
  public var description: String { "not valid JSON at byte \(offset): \(problem)" }
}

extension JSONError.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .byteOrderMark: "found a byte-order mark; write UTF-8 without one"
    case .unexpectedEnd(let expected): "the text ends where \(expected.rawValue) was expected; is it cut short?"
    case .unexpectedByte(let byte, let expected): "found \(Self.name(byte)), expected \(expected.rawValue)"
    case .trailingByte(let byte): "found \(Self.name(byte)) after the value, expected the end of the text"
    case .invalidUTF8(let byte): "found byte \(Self.hex(byte)), which is not UTF-8 here; write UTF-8"
    case .controlCharacter(let byte): "found byte \(Self.hex(byte)) inside a string, expected it as an escape"
    case .invalidEscape(let byte): "found a backslash before \(Self.name(byte)), expected one of \"\\/bfnrtu"
    case .loneSurrogate(let unit):
      "found \\u\(String(unit, radix: 16)), half of a surrogate pair, without its other half"
    case .leadingZero: "found a number with a leading zero"
    case .numberOutOfRange: "found a number that is too large for 64-bit floating point"
    case .numberTooLong(let limit): "found a number of more than \(limit) bytes"
    case .duplicateKey(let key): "the key \(key.quoted) occurs twice in one object, expected once"
    case .tooDeep(let limit): "arrays and objects are nested more than \(limit) deep"
    case .tooManyValues(let limit): "the text holds more than \(limit) values"
    }
  }

  private static func name(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte) ? "\"\(Unicode.Scalar(byte))\"" : "byte \(hex(byte))"
  }

  private static func hex(_ byte: UInt8) -> String {
    "0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
  }
}

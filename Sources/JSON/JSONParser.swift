/// A recursive-descent reader of one JSON text; strings and numbers are in files of their own.
///
/// It reads an array, not a pointer, so that an index beyond the end can only trap and never read foreign memory.
struct JSONParser {
  let bytes: [UInt8]
  let limits: JSONLimits
  /// The next byte to read.
  var position = 0
  /// Scratch for strings with escapes, kept so that its memory is.
  var unescaped: [UInt8] = []
  private var depth = 0
  private var valueCount = 0

  init(_ bytes: [UInt8], limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func parse() throws(JSONError) -> JSONValue {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw JSONError(.byteOrderMark, offset: 0) }
    let value = try parseValue()
    skipWhiteSpace()
    if position < bytes.count { throw JSONError(.trailingByte(bytes[position]), offset: position) }
    return value
  }

  private mutating func parseValue() throws(JSONError) -> JSONValue {
    skipWhiteSpace()
    guard position < bytes.count else { throw JSONError(.unexpectedEnd(expected: .value), offset: position) }
    guard valueCount < limits.valueCount else {
      throw JSONError(.tooManyValues(limit: limits.valueCount), offset: position)
    }
    valueCount += 1
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object(try nested(Self.parseObject))
    case UInt8(ascii: "["): return .array(try nested(Self.parseArray))
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "N") where limits.allowsNonFinite: return try parseLiteral("NaN", .number(.nan))
    case UInt8(ascii: "I") where limits.allowsNonFinite: return try parseLiteral("Infinity", .number(.infinity))
    case UInt8(ascii: "-")
    where limits.allowsNonFinite && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "I"):
      return try parseLiteral("-Infinity", .number(-.infinity))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    case UInt8(ascii: "t"): return try parseLiteral("true", .boolean(true))
    case UInt8(ascii: "f"): return try parseLiteral("false", .boolean(false))
    case UInt8(ascii: "n"): return try parseLiteral("null", .null)
    case let byte: throw JSONError(.unexpectedByte(byte, expected: .value), offset: position)
    }
  }

  /// Runs `body` behind the opening bracket, one level deeper.
  private mutating func nested<Result>(
    _ body: (inout JSONParser) throws(JSONError) -> Result
  ) throws(JSONError) -> Result {
    guard depth < limits.depth else { throw JSONError(.tooDeep(limit: limits.depth), offset: position) }
    position += 1
    depth += 1
    let result = try body(&self)
    depth -= 1
    return result
  }

  private static func parseArray(_ parser: inout JSONParser) throws(JSONError) -> [JSONValue] {
    var values: [JSONValue] = []
    if parser.skip(UInt8(ascii: "]")) { return values }
    while true {
      values.append(try parser.parseValue())
      if parser.skip(UInt8(ascii: "]")) { return values }
      try parser.expect(UInt8(ascii: ","), .commaOrBracket)
    }
  }

  private static func parseObject(_ parser: inout JSONParser) throws(JSONError) -> JSONObject {
    var members: [(key: String, value: JSONValue)] = []
    var seen = KeySet()
    if parser.skip(UInt8(ascii: "}")) { return JSONObject(members) }
    var expected = JSONError.Expectation.keyOrEnd
    while true {
      parser.skipWhiteSpace()
      let start = parser.position
      guard start < parser.bytes.count else { throw JSONError(.unexpectedEnd(expected: expected), offset: start) }
      guard parser.bytes[start] == UInt8(ascii: "\"") else {
        throw JSONError(.unexpectedByte(parser.bytes[start], expected: expected), offset: start)
      }
      let key = try parser.parseString()
      guard seen.insert(key, after: members) else { throw JSONError(.duplicateKey(key), offset: start) }
      try parser.expect(UInt8(ascii: ":"), .colon)
      members.append((key, try parser.parseValue()))
      if parser.skip(UInt8(ascii: "}")) { return JSONObject(members) }
      try parser.expect(UInt8(ascii: ","), .commaOrBrace)
      expected = .key
    }
  }

  private mutating func parseLiteral(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard position < bytes.count else { throw JSONError(.unexpectedEnd(expected: .literal), offset: position) }
      guard bytes[position] == text.utf8Start[index] else {
        throw JSONError(.unexpectedByte(bytes[position], expected: .literal), offset: position)
      }
      position += 1
    }
    return value
  }

  private mutating func skipWhiteSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  /// Skips white space and then `byte`, if that is what follows.
  private mutating func skip(_ byte: UInt8) -> Bool {
    skipWhiteSpace()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: UInt8, _ expected: JSONError.Expectation) throws(JSONError) {
    if skip(byte) { return }
    guard position < bytes.count else { throw JSONError(.unexpectedEnd(expected: expected), offset: position) }
    throw JSONError(.unexpectedByte(bytes[position], expected: expected), offset: position)
  }
}

/// The keys of one object so far: small objects are searched, large ones hashed, so that the whole stays linear.
private struct KeySet {
  private static let searched = 8
  private var keys: Set<ExactString> = []

  /// Adds the key that follows `members`; false when they have it already.
  mutating func insert(_ key: String, after members: [(key: String, value: JSONValue)]) -> Bool {
    if members.count < Self.searched {
      return !members.contains { $0.key.utf8.elementsEqual(key.utf8) }
    }
    if keys.isEmpty { keys = Set(members.map { ExactString($0.key) }) }
    return keys.insert(ExactString(key)).inserted
  }
}

import JSON
import TestSupport
import Testing

@Suite("JSON")
struct JSONTests {
  @Test(
    "reads what RFC 8259 allows",
    arguments: [
      ("null", "null"), ("true", "true"), (" \t\r\n false \n", "false"),
      ("0", "0"), ("-0", "0"), ("7", "7"), ("-12", "-12"),
      ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
      ("9223372036854775808", "9.223372036854776e+18"), ("1e3", "1000.0"), ("1E+3", "1000.0"), ("0.5", "0.5"),
      ("-0.0", "-0.0"), ("25e-1", "2.5"), ("1e-400", "0.0"), ("1.0", "1.0"),
      (#""""#, #""""#), (#""a\/b""#, #""a/b""#), (#""\"\\\b\f\n\r\t""#, #""\"\\\u0008\u000c\n\r\t""#),
      (#""\u0041\u00e9\u20AC""#, #""Aé€""#), (#""\ud83d\uDE00""#, #""😀""#), (#""\u0000""#, #""\u0000""#),
      ("\"\u{7F} \u{A0} é € 😀 \u{FFFF} \u{10FFFF}\"", "\"\u{7F} \u{A0} é € 😀 \u{FFFF} \u{10FFFF}\""),
      ("[]", "[]"), ("[ ]", "[]"), ("[1 , 2,[3]]", "[1,2,[3]]"),
      ("{}", "{}"), (#"{ "b" : 1 , "a" : { "" : null } }"#, #"{"b":1,"a":{"":null}}"#),
      // One canonical-equivalence class, two keys.
      ("{\"\u{E9}\":1,\"e\u{301}\":2}", "{\"\u{E9}\":1,\"e\u{301}\":2}"),
    ])
  func accepts(text: String, expected: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    // Swift's == would let canonically equivalent strings pass.
    #expect(Array(value.description.utf8) == Array(expected.utf8))
    #expect(Array(try JSONValue(parsing: Array(expected.utf8)).description.utf8) == Array(expected.utf8))
  }

  @Test(
    "says what is wrong and at which byte",
    arguments: [
      ("", .unexpectedEnd(expected: .value), 0), ("  ", .unexpectedEnd(expected: .value), 2),
      ("\u{FEFF}{}", .byteOrderMark, 0),
      ("{} x", .trailingByte(0x78), 3), ("1 2", .trailingByte(0x32), 2), ("nullnull", .trailingByte(0x6E), 4),
      ("'a'", .unexpectedByte(0x27, expected: .value), 0), ("NaN", .unexpectedByte(0x4E, expected: .value), 0),
      ("Infinity", .unexpectedByte(0x49, expected: .value), 0),
      ("-Infinity", .unexpectedByte(0x49, expected: .digit), 1),
      ("nan", .unexpectedByte(0x61, expected: .literal), 1), ("tru", .unexpectedEnd(expected: .literal), 3),
      ("+1", .unexpectedByte(0x2B, expected: .value), 0), ("-", .unexpectedEnd(expected: .digit), 1),
      ("01", .leadingZero, 0), ("-00", .leadingZero, 1), (".5", .unexpectedByte(0x2E, expected: .value), 0),
      ("1.", .unexpectedEnd(expected: .digit), 2), ("1.e3", .unexpectedByte(0x65, expected: .digit), 2),
      ("1e", .unexpectedEnd(expected: .digit), 2), ("1e+", .unexpectedEnd(expected: .digit), 3),
      ("0x10", .trailingByte(0x78), 1), ("1e309", .numberOutOfRange, 0), ("[-1e999]", .numberOutOfRange, 1),
      ("[1" + String(repeating: "0", count: 1024) + "]", .numberTooLong(limit: 1024), 1),
      ("[", .unexpectedEnd(expected: .value), 1), ("[1", .unexpectedEnd(expected: .commaOrBracket), 2),
      ("[1,]", .unexpectedByte(0x5D, expected: .value), 3), ("[,1]", .unexpectedByte(0x2C, expected: .value), 1),
      ("[1 2]", .unexpectedByte(0x32, expected: .commaOrBracket), 3),
      ("[1}", .unexpectedByte(0x7D, expected: .commaOrBracket), 2),
      ("{", .unexpectedEnd(expected: .keyOrEnd), 1), ("{1:2}", .unexpectedByte(0x31, expected: .keyOrEnd), 1),
      (#"{"a"}"#, .unexpectedByte(0x7D, expected: .colon), 4), (#"{"a""#, .unexpectedEnd(expected: .colon), 4),
      (#"{"a":}"#, .unexpectedByte(0x7D, expected: .value), 5),
      (#"{"a":1"#, .unexpectedEnd(expected: .commaOrBrace), 6),
      (#"{"a":1,}"#, .unexpectedByte(0x7D, expected: .key), 7), (#"{"a":1,"#, .unexpectedEnd(expected: .key), 7),
      (#"{"a":1;"b":2}"#, .unexpectedByte(0x3B, expected: .commaOrBrace), 6),
      (#"{"a":1,"b":2,"a":3}"#, .duplicateKey("a"), 13), (#"{"a":1,"\u0061":3}"#, .duplicateKey("a"), 7),
      (#""abc"#, .unexpectedEnd(expected: .string), 4), (#""a\"#, .unexpectedEnd(expected: .escape), 3),
      ("\"a\nb\"", .controlCharacter(0x0A), 2), ("\"\\n\u{0}\"", .controlCharacter(0), 3),
      (#""\x""#, .invalidEscape(0x78), 1), (#""\U0041""#, .invalidEscape(0x55), 1),
      (#""\u00g0""#, .unexpectedByte(0x67, expected: .hexadecimalDigit), 5),
      (#""\u00"#, .unexpectedEnd(expected: .hexadecimalDigit), 5),
      (#""\ud83d""#, .loneSurrogate(0xD83D), 1), (#""ab\ude00""#, .loneSurrogate(0xDE00), 3),
      (#""\ud83dx""#, .loneSurrogate(0xD83D), 1), (#""\ud83d\n""#, .loneSurrogate(0xD83D), 1),
      (#""\ud83d\ud83d""#, .loneSurrogate(0xD83D), 1),
    ] as [(String, JSONError.Problem, Int)])
  func refuses(text: String, problem: JSONError.Problem, offset: Int) {
    let error = #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array(text.utf8)) }
    #expect(error == JSONError(problem, offset: offset))
    #expect(error?.description.isOneLine == true)
  }

  @Test(
    "refuses strings that are not UTF-8",
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
      [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x98, 0x28], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
    ] as [[UInt8]])
  func refusesOtherThanUTF8(bytes: [UInt8]) {
    for prefix in ["\"a", "\"\\na"] {
      let text = Array(prefix.utf8) + bytes + Array("\"".utf8)
      #expect(throws: JSONError(.invalidUTF8(bytes[0]), offset: prefix.utf8.count)) {
        _ = try JSONValue(parsing: text)
      }
      #expect(throws: JSONError(.invalidUTF8(bytes[0]), offset: prefix.utf8.count)) {
        _ = try JSONValue(parsing: text.dropLast())
      }
    }
  }

  @Test("agrees with the standard library on every character")
  func everyCharacter() throws {
    for block in stride(from: UInt32(0), to: 0x110000, by: 0x1000) {
      var characters = String.UnicodeScalarView()
      for value in max(block, 0x20)..<block + 0x1000 where value != 0x22 && value != 0x5C {
        if let scalar = Unicode.Scalar(value) { characters.append(scalar) }
      }
      let bytes = Array(String(characters).utf8)
      let value = try JSONValue(parsing: [0x22] + bytes + [0x22])
      #expect(value.string.map { Array($0.utf8) } == bytes, "in the block from U+\(String(block, radix: 16))")
    }
  }

  @Test("finds a key that comes twice however many there are", arguments: [2, 8, 9, 10, 1000])
  func duplicatesAmongMany(count: Int) throws {
    let keys = (0..<count).map { "\"key\($0)\":\($0)" }
    let object = try #require(try JSONValue(parsing: Array("{\(keys.joined(separator: ","))}".utf8)).object)
    #expect(object.members.count == count)
    #expect(object["key\(count - 1)"]?.integer == count - 1)
    #expect(object["key\(count)"] == nil)
    for repeated in Set([0, count / 2, count - 1]) {
      let text = "{\((keys + ["\"key\(repeated)\":0"]).joined(separator: ","))}"
      let error = #expect(throws: JSONError.self) { _ = try JSONValue(parsing: Array(text.utf8)) }
      #expect(error?.problem == .duplicateKey("key\(repeated)"))
    }
  }

  @Test("bounds depth, at the limit and one beyond", arguments: [("[", "]"), ("{\"a\":", "}")])
  func depth(open: String, close: String) throws {
    func text(_ depth: Int) -> [UInt8] {
      Array((String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)).utf8)
    }
    _ = try JSONValue(parsing: text(64))
    #expect(throws: JSONError(.tooDeep(limit: 64), offset: 64 * open.utf8.count)) {
      _ = try JSONValue(parsing: text(65))
    }
    // Brackets that are closed again do not count.
    _ = try JSONValue(parsing: Array("[[],[],[[]]]".utf8), limits: JSONLimits(depth: 3))
    // A million of them would overflow the stack of a reader without the limit.
    let endless = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    #expect(throws: JSONError(.tooDeep(limit: 64), offset: 64)) { _ = try JSONValue(parsing: endless) }
  }

  @Test("bounds the number of values, at the limit and one beyond")
  func valueCount() throws {
    let text = Array("[1,[2],{\"a\":3}]".utf8)
    _ = try JSONValue(parsing: text, limits: JSONLimits(valueCount: 6))
    #expect(throws: JSONError(.tooManyValues(limit: 5), offset: 12)) {
      _ = try JSONValue(parsing: text, limits: JSONLimits(valueCount: 5))
    }
  }

  // A reader that searched all earlier keys would need hours for this object.
  @Test("takes time linear in the text", .timeLimit(.minutes(1)))
  func linear() throws {
    var text = Array("{".utf8)
    for index in 0..<300_000 { text += Array("\"token\(index)\":\(index),".utf8) }
    text[text.count - 1] = UInt8(ascii: "}")
    #expect(try JSONValue(parsing: text).object?.members.count == 300_000)
  }
}

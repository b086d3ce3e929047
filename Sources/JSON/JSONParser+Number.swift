extension JSONParser {
  /// The longest number that is read. RFC 8259 lets a reader bound precision; no `Double` needs more than this.
  private static let numberLimit = 1024

  /// Reads a number from its first digit or minus sign on.
  mutating func parseNumber() throws(JSONError) -> JSONValue {
    let start = position
    let negative = bytes[position] == UInt8(ascii: "-")
    if negative { position += 1 }
    let digits = position
    try skipDigits()
    if bytes[digits] == UInt8(ascii: "0"), position > digits + 1 {
      // RFC 8259 allows no leading zeros, so behind this one only the number's end or its fraction may come.
      throw JSONError(.leadingZero, offset: digits)
    }
    let integerEnd = position
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      try skipDigits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position += 1
      }
      try skipDigits()
    }
    guard position - start <= Self.numberLimit else {
      throw JSONError(.numberTooLong(limit: Self.numberLimit), offset: start)
    }
    if position == integerEnd, let integer = integer(digits..<integerEnd, negative: negative) {
      return .integer(integer)
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let number = Double(text), number.isFinite || limits.allowsNonFinite else {
      throw JSONError(.numberOutOfRange, offset: start)
    }
    return .number(number)
  }

  private mutating func skipDigits() throws(JSONError) {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    if position > start { return }
    guard position < bytes.count else { throw JSONError(.unexpectedEnd(expected: .digit), offset: position) }
    throw JSONError(.unexpectedByte(bytes[position], expected: .digit), offset: position)
  }

  /// The integer of these digits, or nil when `Int` does not hold it.
  private func integer(_ digits: Range<Int>, negative: Bool) -> Int? {
    var value = 0
    for index in digits {
      let digit = Int(bytes[index] - UInt8(ascii: "0"))
      let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
      // Counted towards the sign, so that Int.min is reached too.
      let (next, carry) =
        negative ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = next
    }
    return value
  }
}

/// Takes the fields of one message from its bytes, each checked before it is believed.
struct WireReader {
  private let frame: UnsafeRawBufferPointer
  private var offset: Int
  /// What fields are named under in errors.
  private let message: Message.Kind

  /// `frame`, which has to outlive the reader, is read from `offset` on.
  init(_ frame: UnsafeRawBufferPointer, from offset: Int, of message: Message.Kind) {
    self.frame = frame
    self.offset = offset
    self.message = message
  }

  /// A 1-byte number.
  mutating func byte(_ field: String, in range: ClosedRange<Int>) throws(WireError) -> Int {
    try check(Int(integer(UInt8.self)), field, range)
  }

  /// A 4-byte unsigned number.
  mutating func word(_ field: @autoclosure () -> String, in range: ClosedRange<Int>) throws(WireError) -> Int {
    try check(Int(integer(UInt32.self)), field(), range)
  }

  /// A 4-byte signed number.
  mutating func signedWord(_ field: String, in range: ClosedRange<Int>) throws(WireError) -> Int {
    try check(Int(Int32(bitPattern: integer(UInt32.self))), field, range)
  }

  /// An 8-byte unsigned number.
  mutating func long(_ field: String, in range: ClosedRange<Int>) throws(WireError) -> Int {
    let value = try integer(UInt64.self)
    guard let number = Int(exactly: value) else { throw refusal(field, "\(value)", range) }
    return try check(number, field, range)
  }

  /// An 8-byte number that may be any.
  mutating func anyLong() throws(WireError) -> UInt64 { try integer(UInt64.self) }

  /// 8 bytes, nanoseconds.
  mutating func nanoseconds(_ field: String) throws(WireError) -> UInt64 {
    let value = try integer(UInt64.self)
    guard value <= WireLimits.nanoseconds else {
      throw error(field, found: "\(value)", expected: "at most \(WireLimits.nanoseconds) ns")
    }
    return value
  }

  /// An 8-byte floating-point number, finite and not negative.
  mutating func number(_ field: String) throws(WireError) -> Double {
    let value = Double(bitPattern: try integer(UInt64.self))
    guard value.isFinite, value >= 0 else {
      throw error(field, found: "\(value)", expected: "a finite number of at least 0")
    }
    return value
  }

  /// One byte, 0 or 1.
  mutating func flag(_ field: String) throws(WireError) -> Bool { try byte(field, in: 0...1) == 1 }

  /// Exactly `count` bytes.
  mutating func bytes(_ count: Int) throws(WireError) -> [UInt8] { Array(try take(count)) }

  /// A 4-byte count and as many bytes.
  mutating func bytes(_ field: String, in range: ClosedRange<Int>) throws(WireError) -> [UInt8] {
    try bytes(word("\(field)'s length", in: range))
  }

  /// A 4-byte count and as many bytes of UTF-8 that can be shown on one line.
  mutating func text(_ field: String, in range: ClosedRange<Int>) throws(WireError) -> String {
    let bytes = try take(word("\(field)'s length", in: range))
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error(field, found: "other bytes", expected: "UTF-8")
    }
    guard text.isPrintable else {
      throw error(field, found: "characters that cannot be shown", expected: "one line of text")
    }
    return text
  }

  /// A 4-byte count and as many elements, none shorter than `size` bytes: memory is only taken for what can be there.
  mutating func array<Element>(
    _ field: String, in range: ClosedRange<Int>, size: Int,
    of element: (inout WireReader) throws(WireError) -> Element
  ) throws(WireError) -> [Element] {
    let count = try word("\(field)'s count", in: range)
    try need(count * size)
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try element(&self)) }
    return elements
  }

  /// Throws unless every byte was taken.
  func finish() throws(WireError) {
    guard offset == frame.count else { throw .trailingBytes(frame.count - offset) }
  }

  func error(_ field: String, found: String, expected: String) -> WireError {
    .field("\(message).\(field)", found: found, expected: expected)
  }

  private func check(
    _ value: Int, _ field: @autoclosure () -> String, _ range: ClosedRange<Int>
  ) throws(WireError) -> Int {
    guard range.contains(value) else { throw refusal(field(), "\(value)", range) }
    return value
  }

  private func refusal(_ field: String, _ found: String, _ range: ClosedRange<Int>) -> WireError {
    error(field, found: found, expected: "\(range.lowerBound) to \(range.upperBound)")
  }

  private mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(WireError) -> Value {
    let bytes = try take(MemoryLayout<Value>.size)
    return Value(littleEndian: bytes.loadUnaligned(as: Value.self))
  }

  private mutating func take(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
    try need(count)
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: frame[offset..<(offset + count)])
  }

  /// Throws unless `count` more bytes are there.
  private func need(_ count: Int) throws(WireError) {
    guard count <= frame.count - offset else { throw .tooShort(bytes: frame.count, expected: offset + count) }
  }
}

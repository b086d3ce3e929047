internal import GPT2
internal import JSON

/// The members of a request's JSON object, read by name and type; whatever is wrong names the field.
struct RequestFields {
  private let object: JSONObject

  /// - Parameter valueLimit: values that a request may have; its bytes are bounded before.
  /// - Throws: ``APIError`` for what is not a JSON object.
  init(_ bytes: [UInt8], valueLimit: Int = 200_000) throws(APIError) {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes, limits: JSONLimits(depth: 8, valueCount: valueLimit))
    } catch {
      throw .invalid(nil, "the body is \(error)")
    }
    guard let object = value.object else { throw .invalid(nil, "the body is not a JSON object") }
    self.object = object
  }

  private init(_ object: JSONObject) { self.object = object }

  /// Refuses members that are not known, since what they ask for would not happen. What is null asks for nothing.
  func allow(only names: Set<String>) throws(APIError) {
    if let stranger = object.members.first(where: { !names.contains($0.key) && !$0.value.isNull }) {
      throw .invalid(
        String(stranger.key.prefix(100)), "unknown parameter \(quoted(stranger.key))", code: "unknown_parameter")
    }
  }

  /// The member; nil where it is missing or null.
  subscript(name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  /// Whether it has no members but such that ask for nothing.
  var isEmpty: Bool { object.members.allSatisfy { $0.value.asksForNothing } }

  func string(_ name: String) throws(APIError) -> String? {
    guard let value = self[name] else { return nil }
    guard let string = value.string else { throw wrong(name, value, "a string") }
    return string
  }

  func boolean(_ name: String) throws(APIError) -> Bool? {
    guard let value = self[name] else { return nil }
    guard case .boolean(let boolean) = value else { throw wrong(name, value, "true or false") }
    return boolean
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    guard let integer = Self.whole(value) else { throw wrong(name, value, "an integer") }
    guard range.contains(integer) else {
      throw .invalid(name, "\(name) is \(integer); give a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
    guard let value = self[name] else { return nil }
    guard let number = Self.number(value) else { throw wrong(name, value, "a number") }
    guard range.contains(number) else {
      throw .invalid(name, "\(name) is \(number); \(range.advice)")
    }
    return number
  }

  /// An object's members by name.
  func members(_ name: String) throws(APIError) -> [(key: String, value: JSONValue)]? {
    guard let value = self[name] else { return nil }
    guard let object = value.object else { throw wrong(name, value, "an object") }
    return object.members
  }

  func fields(_ name: String) throws(APIError) -> RequestFields? {
    guard let value = self[name] else { return nil }
    guard let object = value.object else { throw wrong(name, value, "an object") }
    return RequestFields(object)
  }

  /// A list of token ids; nil where it is missing or null.
  func tokens(_ name: String, limit: Int) throws(APIError) -> [Int]? {
    guard let value = self[name] else { return nil }
    guard let array = value.array else { throw wrong(name, value, "a list of token ids") }
    guard array.count <= limit else {
      throw .invalid(name, "\(name) has \(array.count) tokens; at most \(limit) are taken")
    }
    return try tokens(array, name)
  }

  /// A text or tokens, or a list of either.
  func inputs(_ name: String, limit: Int) throws(APIError) -> [TextOrTokens]? {
    guard let value = self[name] else { return nil }
    if let string = value.string { return [.text(string)] }
    let kinds = "a string, a list of strings, token ids, or a list of those"
    guard let array = value.array else { throw wrong(name, value, kinds) }
    guard let first = array.first else { throw .invalid(name, "\(name) is an empty list") }
    if Self.whole(first) != nil { return [.tokens(try tokens(array, name))] }
    guard array.count <= limit else {
      throw .invalid(name, "\(name) has \(array.count) entries; at most \(limit) are taken")
    }
    var inputs: [TextOrTokens] = []
    for entry in array {
      if let string = entry.string {
        inputs.append(.text(string))
      } else if let tokens = entry.array {
        inputs.append(.tokens(try self.tokens(tokens, name)))
      } else {
        throw wrong(name, entry, kinds)
      }
    }
    return inputs
  }

  private func tokens(_ array: [JSONValue], _ name: String) throws(APIError) -> [Int] {
    var tokens: [Int] = []
    for value in array {
      guard let token = Self.whole(value) else { throw wrong(name, value, "token ids, which are integers") }
      tokens.append(token)
    }
    return tokens
  }

  /// Numbers as 3.0 are whole too.
  static func whole(_ value: JSONValue) -> Int? {
    if let integer = value.integer { return integer }
    guard case .number(let number) = value else { return nil }
    return Int(exactly: number)
  }

  static func number(_ value: JSONValue) -> Double? {
    if case .number(let number) = value { return number }
    return value.integer.map { Double($0) }
  }

  private func wrong(_ name: String, _ value: JSONValue, _ expected: String) -> APIError {
    var found = "\(value)"
    if found.utf8.count > 60 { found = String(found.prefix(60)) + "…" }
    return .invalid(name, "\(name) has to be \(expected), and is \(found)")
  }

  private func quoted(_ text: String) -> String { "\u{201C}\(text.prefix(100))\u{201D}" }
}

extension JSONValue {
  var isNull: Bool { if case .null = self { true } else { false } }

  /// Whether it means the same as if it were not there: null, false, 0, what is empty, an object with only such members.
  var asksForNothing: Bool {
    switch self {
    case .null: true
    case .boolean(let value): !value
    case .integer(let value): value == 0
    case .number(let value): value == 0
    case .string(let value): value.isEmpty
    case .array(let values): values.isEmpty
    case .object(let object): object.members.allSatisfy { $0.value.asksForNothing }
    }
  }
}

internal import JSON

/// Typed access to the fields of a `config.json`: nil when a field is absent, an error when it is something else.
struct ConfigurationFields {
  private let object: JSONObject

  init(_ object: JSONObject) {
    self.object = object
  }

  func isNull(_ name: String) -> Bool {
    if case .null? = object[name] { true } else { false }
  }

  func boolean(_ name: String) throws(CheckpointError.ConfigurationProblem) -> Bool? {
    guard let value = object[name] else { return nil }
    guard case .boolean(let boolean) = value else {
      throw .invalidField(name, found: value.kind, expected: "true or false")
    }
    return boolean
  }

  func string(_ name: String) throws(CheckpointError.ConfigurationProblem) -> String? {
    guard let value = object[name] else { return nil }
    guard let string = value.string else { throw .invalidField(name, found: value.kind, expected: "a string") }
    return string
  }

  /// A size from 1 to `limit` under either of two names, which must not disagree.
  func size(
    _ name: String, _ otherName: String, limit: Int
  ) throws(CheckpointError.ConfigurationProblem) -> Int? {
    let size = try size(name, limit: limit)
    let other = try self.size(otherName, limit: limit)
    if let size, let other, size != other { throw .contradiction(name, otherName) }
    return size ?? other
  }

  /// A size from 1 to `limit`.
  func size(_ name: String, limit: Int) throws(CheckpointError.ConfigurationProblem) -> Int? {
    guard let value = object[name] else { return nil }
    guard let size = value.integer, (1...limit).contains(size) else {
      throw .invalidField(name, found: value.kind, expected: "an integer from 1 to \(limit)")
    }
    return size
  }

  /// A number over 0 and at most 1 that is so as `Float` too.
  func epsilon(_ name: String) throws(CheckpointError.ConfigurationProblem) -> Float? {
    guard let value = object[name] else { return nil }
    let number: Double? =
      switch value {
      case .number(let number): number
      case .integer(let integer): Double(integer)
      default: nil
      }
    guard let number, Float(number) > 0, number <= 1 else {
      throw .invalidField(name, found: value.kind, expected: "a number over 0 and at most 1")
    }
    return Float(number)
  }

  func activation(_ name: String) throws(CheckpointError.ConfigurationProblem) -> Configuration.Activation? {
    guard let string = try string(name) else { return nil }
    guard let activation = Configuration.Activation(name: string) else { throw .unsupportedActivation(string) }
    return activation
  }

  /// Token ids below `vocabularySize`, written as one number or an array of up to 64; null is none. Each id once, in the
  /// file's order. Other ids can never be met and are left out: -1 stands for none, and small models often carry 50256.
  func tokens(
    _ name: String, vocabularySize: Int
  ) throws(CheckpointError.ConfigurationProblem) -> [Int] {
    let values: [JSONValue]
    switch object[name] {
    case nil, .null?: return []
    case .array(let array)?: values = array
    case let value?: values = [value]
    }
    let expected = "a token id, an array of at most 64, or null"
    guard values.count <= 64 else {
      throw .invalidField(name, found: "an array of \(values.count) values", expected: expected)
    }
    var tokens: [Int] = []
    for value in values {
      guard let token = Self.token(value) else {
        throw .invalidField(name, found: value.kind, expected: expected)
      }
      if (0..<vocabularySize).contains(token), !tokens.contains(token) { tokens.append(token) }
    }
    return tokens
  }

  /// An integer, also one that Python wrote as a float.
  private static func token(_ value: JSONValue) -> Int? {
    if case .number(let number) = value { return Int(exactly: number) }
    return value.integer
  }
}

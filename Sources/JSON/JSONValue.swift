/// A parsed JSON text (RFC 8259), whose strings are compared byte by byte.
///
/// Swift's `String ==` and hash follow Unicode canonical equivalence, so that two different keys of a file can be
/// "equal". Look keys up through ``JSONObject`` and put them into dictionaries as ``ExactString``.
public enum JSONValue: Sendable {
  case null
  case boolean(Bool)
  /// A number written without fraction and exponent that fits `Int`, exactly.
  case integer(Int)
  /// Any other number; finite unless ``JSONLimits/allowsNonFinite`` was asked for.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue {
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  public var integer: Int? { if case .integer(let value) = self { value } else { nil } }

  /// What kind of value it is, for messages: "a string", "null", "the integer 7".
  public var kind: String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let value): "the integer \(value)"
    case .number(let value): "the number \(value)"
    case .string(let value): "the string \(value.quoted)"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

internal import JSON

/// A value in a tokenizer's file of JSON, there or not, and the way to it.
struct TokenizerSetting {
  /// As in `model.merges[3]`; empty for the whole.
  let path: String
  let file: String
  /// nil where there is none, and where there is null, which means the same.
  let value: JSONValue?

  init(path: String, file: String, value: JSONValue?) {
    self.path = path
    self.file = file
    if case .null = value { self.value = nil } else { self.value = value }
  }

  /// The member `key` of the object that this must be.
  subscript(key: String) -> TokenizerSetting {
    get throws(TokenizerError) {
      TokenizerSetting(path: path.isEmpty ? key : "\(path).\(key)", file: file, value: try object()[key])
    }
  }

  /// A member of the object that this is, without looking it up.
  func member(_ member: (key: String, value: JSONValue)) -> TokenizerSetting {
    TokenizerSetting(path: path.isEmpty ? member.key : "\(path).\(member.key)", file: file, value: member.value)
  }

  func object() throws(TokenizerError) -> JSONObject {
    guard let object = value?.object else { throw refused(expected: "an object") }
    return object
  }

  func elements() throws(TokenizerError) -> [JSONValue] {
    guard let elements = value?.array else { throw refused(expected: "an array") }
    return elements
  }

  /// The element `index` of an array, which is `value`.
  func element(_ index: Int, _ value: JSONValue) -> TokenizerSetting {
    TokenizerSetting(path: "\(path)[\(index)]", file: file, value: value)
  }

  func require(_ expected: String, _ isFine: (JSONValue?) -> Bool) throws(TokenizerError) {
    guard isFine(value) else { throw refused(expected: expected) }
  }

  /// True or false; nil where there is neither.
  func boolean() throws(TokenizerError) -> Bool? {
    switch value {
    case .boolean(let value): return value
    case nil: return nil
    default: throw refused(expected: "true or false")
    }
  }

  /// A string; nil where there is none.
  func string() throws(TokenizerError) -> String? {
    guard let value else { return nil }
    guard let string = value.string else { throw refused(expected: "a string") }
    return string
  }

  func refused(expected: String) -> TokenizerError {
    .setting(path: path.isEmpty ? "the file" : path, file: file, found: value?.kind ?? "absent", expected: expected)
  }

  /// What is wrong with the name of this member rather than with its value.
  func refused(name: String, expected: String) -> TokenizerError {
    .setting(path: path, file: file, found: "named \(name.quoted)", expected: expected)
  }

  /// What a file that is not there counts as.
  static func none(file: String) -> TokenizerSetting {
    TokenizerSetting(path: "", file: file, value: .object(JSONObject([])))
  }
}

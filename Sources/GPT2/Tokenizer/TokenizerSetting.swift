/// A value in `tokenizer.json`, there or not, and the way to it.
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

  /// Requires the boolean `expected`; `default` is what absence means.
  func require(_ expected: Bool, default: Bool?) throws(TokenizerError) {
    let found: Bool? =
      switch value {
      case .boolean(let value): value
      case nil: `default`
      default: nil
      }
    guard found == expected else { throw refused(expected: "\(expected)") }
  }

  func refused(expected: String) -> TokenizerError {
    .setting(path: path.isEmpty ? "the file" : path, file: file, found: value?.kind ?? "absent", expected: expected)
  }
}

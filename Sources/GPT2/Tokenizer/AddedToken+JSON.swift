internal import JSON

extension AddedToken {
  /// Reads the object that tokenizers makes of an added token.
  init(_ entry: TokenizerSetting) throws(TokenizerError) {
    let content = try entry["content"]
    guard let text = content.value?.string else { throw content.refused(expected: "a string") }
    self.init(content: try Self.checked(text, content))
    isSpecial = try entry["special"].boolean() ?? false
    isSingleWord = try entry["single_word"].boolean() ?? false
    stripsLeft = try entry["lstrip"].boolean() ?? false
    stripsRight = try entry["rstrip"].boolean() ?? false
    normalized = try entry["normalized"].boolean()
  }

  static func checked(_ content: String, _ setting: TokenizerSetting) throws(TokenizerError) -> String {
    guard content.utf8.count <= lengthLimit else {
      throw .setting(
        path: setting.path, file: setting.file, found: "\(content.utf8.count) bytes long",
        expected: "at most \(lengthLimit) bytes")
    }
    return content
  }
}

extension TokenizerDescription {
  /// Reads what `tokenizer.json` of Hugging Face's tokenizers holds.
  ///
  /// Whatever would make other tokens than GPT-2's byte-level BPE is refused by name. `truncation` and `padding` are
  /// for the caller of an encoder to choose, and `unk_token` has no part where every byte has a token; they are not
  /// looked at.
  init(tokenizer bytes: [UInt8], file: String) throws(TokenizerError) {
    let root = TokenizerSetting(path: "", file: file, value: try Self.json(bytes, file: file))
    let model = try root["model"]
    try model["type"].require("\"BPE\"") { $0?.string == "BPE" }
    try model["dropout"].require("null") { $0 == nil || $0?.integer == 0 }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      try model[name].require("null") { $0 == nil || $0?.string == "" }
    }
    try model["byte_fallback"].require(false, default: false)
    try model["ignore_merges"].require(false, default: false)

    try root["normalizer"].require("null") { $0 == nil }
    let preTokenizer = try root["pre_tokenizer"]
    try preTokenizer["type"].require("\"ByteLevel\"") { $0?.string == "ByteLevel" }
    try preTokenizer["add_prefix_space"].require(false, default: nil)
    try preTokenizer["use_regex"].require(true, default: true)
    try Self.checkPostProcessor(root["post_processor"])
    let decoder = try root["decoder"]
    if decoder.value != nil { try decoder["type"].require("\"ByteLevel\"") { $0?.string == "ByteLevel" } }

    vocabularyFile = file
    mergesFile = file
    entries = try Self.entries(model["vocab"].object(), file: file)
    merges = try Self.merges(model["merges"])
    added = try Self.added(root["added_tokens"])
  }

  /// Refuses a post-processor that adds tokens to the text's own.
  private static func checkPostProcessor(_ processor: TokenizerSetting) throws(TokenizerError) {
    guard processor.value != nil else { return }
    let type = try processor["type"]
    switch type.value?.string {
    case "ByteLevel": break
    case "TemplateProcessing":
      let single = try processor["single"]
      for (index, piece) in try single.elements().enumerated() {
        let piece = single.element(index, piece)
        guard try piece.object()["Sequence"] != nil else { throw piece.refused(expected: "the text's own Sequence") }
      }
    default: throw type.refused(expected: "\"ByteLevel\"")
    }
  }

  /// Merges as strings `"a b"` or as arrays `["a", "b"]`.
  private static func merges(_ setting: TokenizerSetting) throws(TokenizerError) -> [(left: String, right: String)] {
    var merges: [(left: String, right: String)] = []
    for (index, value) in try setting.elements().enumerated() {
      switch value {
      case .string(let line):
        merges.append(try merge(Array(line.utf8), file: setting.file, place: .element(index)))
      case .array(let halves):
        guard halves.count == 2, let left = halves[0].string, let right = halves[1].string else { fallthrough }
        merges.append((left, right))
      default:
        throw .merges(file: setting.file, .malformed(.element(index), found: value.kind))
      }
    }
    return merges
  }

  private static func added(_ setting: TokenizerSetting) throws(TokenizerError) -> [AddedToken] {
    guard setting.value != nil else { return [] }
    var added: [AddedToken] = []
    for (index, value) in try setting.elements().enumerated() {
      let entry = setting.element(index, value)
      guard let token = try entry["id"].value?.integer else {
        throw try entry["id"].refused(expected: "an integer")
      }
      let content = try entry["content"]
      guard let text = content.value?.string else { throw content.refused(expected: "a string") }
      guard text.utf8.count <= AddedToken.lengthLimit else {
        throw .setting(
          path: content.path, file: content.file, found: "\(text.utf8.count) bytes long",
          expected: "at most \(AddedToken.lengthLimit) bytes")
      }
      // These make a token take white space beside it, or not be seen inside a word.
      for name in ["lstrip", "rstrip", "single_word"] { try entry[name].require(false, default: false) }
      let special = try entry["special"]
      let isSpecial: Bool
      switch special.value {
      case .boolean(let value): isSpecial = value
      case nil: isSpecial = false
      default: throw special.refused(expected: "true or false")
      }
      added.append(AddedToken(content: text, token: token, isSpecial: isSpecial))
    }
    return added
  }
}

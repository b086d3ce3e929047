internal import JSON

extension TokenizerDescription {
  /// Reads what `tokenizer.json` of Hugging Face's tokenizers holds.
  ///
  /// Whatever would make other tokens than a byte-level BPE does is refused by name. `truncation` and `padding` are for
  /// the caller of an encoder to choose, and are not looked at.
  init(tokenizer root: TokenizerSetting, class kind: TokenizerClass) throws(TokenizerError) {
    try root["version"].require("\"1.0\"") { $0 == nil || $0?.string == "1.0" }
    let model = try root["model"]
    try Self.checkKind(root, model)
    vocabularyFile = root.file
    mergesFile = root.file
    entries = try Self.entries(model["vocab"].object(), file: root.file)
    merges = try Self.merges(model["merges"])
    template = try TokenTemplate(postProcessor: root["post_processor"])
    // GPT-2's own class makes a tokenizer anew of vocabulary and merges, and takes only the template over.
    if kind == .gpt2 { return }
    try model["dropout"].require("null") { $0 == nil || $0?.integer == 0 || $0?.isZero == true }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
      try model[name].require("null") { $0 == nil || $0?.string == "" }
    }
    // The tokens of bytes that it falls back to are SentencePiece's.
    try model["byte_fallback"].require("false") { if case .boolean(false)? = $0 { true } else { $0 == nil } }
    unknown = try model["unk_token"].string()
    fusesUnknown = try model["fuse_unk"].boolean() ?? false
    ignoresMerges = try model["ignore_merges"].boolean() ?? false
    normalizers = try Self.normalizers(root["normalizer"])
    preTokenization = PreTokenization(steps: try Self.steps(root["pre_tokenizer"]))
    try Self.checkDecoder(root["decoder"])
    added = [try Self.added(root).map(\.token)]
  }

  /// Refuses models that are no byte-level BPE, by the name that their users know.
  private static func checkKind(_ root: TokenizerSetting, _ model: TokenizerSetting) throws(TokenizerError) {
    func refuse(_ kind: TokenizerKind) -> TokenizerError { .kind(file: root.file, kind) }
    switch try model["type"].value?.string {
    case "BPE": break
    case "Unigram": throw refuse(.sentencePiece)
    case "WordPiece": throw refuse(.wordPiece)
    case "WordLevel": throw refuse(.wordLevel)
    default:
      // Files of the first versions do not say.
      let type = try model["type"]
      if type.value != nil { throw type.refused(expected: "\"BPE\"") }
      if try model["merges"].value == nil { throw type.refused(expected: "\"BPE\"") }
    }
    var isByteLevel = false
    for part in try parts(of: root["pre_tokenizer"], "pretokenizers") + parts(of: root["normalizer"], "normalizers") {
      switch try part["type"].value?.string {
      case "Metaspace", "Precompiled", "Prepend": throw refuse(.sentencePiece)
      case "BertPreTokenizer", "BertNormalizer": throw refuse(.wordPiece)
      case "ByteLevel": isByteLevel = true
      default: break
      }
    }
    if try model["byte_fallback"].boolean() == true, !isByteLevel { throw refuse(.sentencePiece) }
    if try model["end_of_word_suffix"].value?.string == "</w>" { throw refuse(.characterBPE) }
  }

  /// The parts of a `Sequence`, or the one that it is; none of null.
  static func parts(of setting: TokenizerSetting, _ list: String) throws(TokenizerError) -> [TokenizerSetting] {
    guard setting.value != nil else { return [] }
    guard try setting["type"].value?.string == "Sequence" else { return [setting] }
    var parts: [TokenizerSetting] = []
    let elements = try setting[list]
    for (index, value) in try elements.elements().enumerated() {
      parts += try Self.parts(of: elements.element(index, value), list)
    }
    return parts
  }

  private static func normalizers(_ setting: TokenizerSetting) throws(TokenizerError) -> [TextNormalizer] {
    var normalizers: [TextNormalizer] = []
    for part in try parts(of: setting, "normalizers") {
      try part["type"].require("\"Lowercase\" or no normalizer") { $0?.string == "Lowercase" }
      normalizers.append(.lowercase)
    }
    return normalizers
  }

  private static func steps(_ setting: TokenizerSetting) throws(TokenizerError) -> [PreTokenization.Step] {
    var steps: [PreTokenization.Step] = []
    var isByteLevel = false
    for part in try parts(of: setting, "pretokenizers") {
      // What follows it would work on the bytes as they are spelled.
      if isByteLevel { throw part.refused(expected: "nothing after ByteLevel") }
      switch try part["type"].value?.string {
      case "ByteLevel":
        guard let addsPrefixSpace = try part["add_prefix_space"].boolean() else {
          throw try part["add_prefix_space"].refused(expected: "true or false")
        }
        steps.append(
          .byteLevel(addsPrefixSpace: addsPrefixSpace, usesPattern: try part["use_regex"].boolean() ?? true))
        isByteLevel = true
      case "Digits": steps.append(.digits(isIndividual: try part["individual_digits"].boolean() ?? false))
      case "Split":
        let pattern = try part["pattern"]["Regex"]
        try pattern.require("GPT-2's pattern") { $0?.string == PreTokenizer.pattern }
        try part["behavior"].require("\"Isolated\"") { $0?.string == "Isolated" }
        try part["invert"].require("false") { if case .boolean(false)? = $0 { true } else { $0 == nil } }
        steps.append(.pattern)
      default: throw try part["type"].refused(expected: "\"ByteLevel\"")
      }
    }
    guard isByteLevel else { throw setting.refused(expected: "a ByteLevel pre-tokenizer") }
    return steps
  }

  private static func checkDecoder(_ setting: TokenizerSetting) throws(TokenizerError) {
    for part in try parts(of: setting, "decoders") {
      try part["type"].require("\"ByteLevel\"") { $0?.string == "ByteLevel" || $0?.string == "Fuse" }
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

  /// `added_tokens` of `tokenizer.json`, with the ids given there.
  static func added(_ root: TokenizerSetting) throws(TokenizerError) -> [(id: Int, token: AddedToken)] {
    let setting = try root["added_tokens"]
    guard setting.value != nil else { return [] }
    var added: [(id: Int, token: AddedToken)] = []
    for (index, value) in try setting.elements().enumerated() {
      let entry = setting.element(index, value)
      guard let id = try entry["id"].value?.integer else { throw try entry["id"].refused(expected: "an integer") }
      added.append((id, try AddedToken(entry)))
    }
    return added
  }
}

extension JSONValue {
  fileprivate var isZero: Bool { if case .number(0) = self { true } else { false } }
}

internal import JSON

extension TokenTemplate {
  /// Reads the post-processor of `tokenizer.json`: what it puts before and after a single text.
  init(postProcessor: TokenizerSetting) throws(TokenizerError) {
    for part in try TokenizerDescription.parts(of: postProcessor, "processors") {
      let type = try part["type"]
      let step: TokenTemplate
      switch type.value?.string {
      case "ByteLevel": continue
      case "TemplateProcessing": step = try TokenTemplate(template: part)
      case "RobertaProcessing", "BertProcessing":
        step = TokenTemplate(prefix: [try Self.token(part["cls"])], suffix: [try Self.token(part["sep"])])
      default: throw type.refused(expected: "\"ByteLevel\" or \"TemplateProcessing\"")
      }
      // A second one would find two texts, the first one's tokens and the text.
      guard self == TokenTemplate() else {
        throw type.refused(expected: "nothing after what adds tokens but ByteLevel")
      }
      self = step
    }
  }

  /// Reads `["<s>", 0]`.
  private static func token(_ setting: TokenizerSetting) throws(TokenizerError) -> Item {
    let elements = try setting.elements()
    guard elements.count == 2, let token = elements[1].integer else {
      throw setting.refused(expected: "a token and its id")
    }
    return .token(token)
  }

  private init(template: TokenizerSetting) throws(TokenizerError) {
    let special = try template["special_tokens"]
    let single = try template["single"]
    var isAfterText = false
    // More than a text ever begins or ends with, and few enough to look each up.
    guard try single.elements().count <= 1024 else { throw single.refused(expected: "at most 1024 pieces") }
    for (index, value) in try single.elements().enumerated() {
      let piece = single.element(index, value)
      if try piece.object()["Sequence"] != nil {
        let sequence = try piece["Sequence"]["id"]
        try sequence.require("\"A\"") { $0?.string == "A" }
        if isAfterText { throw piece.refused(expected: "the text only once") }
        isAfterText = true
        continue
      }
      let name = try piece["SpecialToken"]["id"]
      guard let key = name.value?.string else { throw name.refused(expected: "a string") }
      let ids = try special[key]["ids"]
      for (index, id) in try ids.elements().enumerated() {
        guard let token = id.integer else { throw ids.element(index, id).refused(expected: "an integer") }
        if isAfterText { suffix.append(.token(token)) } else { prefix.append(.token(token)) }
      }
    }
    if !isAfterText { throw single.refused(expected: "the text's own Sequence") }
  }
}

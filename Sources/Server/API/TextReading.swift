internal import GPT2

/// How a request wants its texts made into tokens: `allow_special` and `add_special_tokens`.
struct TextReading {
  static let names: Set<String> = ["allow_special", "add_special_tokens"]

  /// Whether `<|endoftext|>` and its like in a text are tokens.
  var allowSpecial = true
  /// Whether the tokens that the tokenizer puts before and after a text are there.
  var addSpecial = true

  /// - Throws: ``APIError`` that names the field.
  init(_ fields: RequestFields) throws(APIError) {
    allowSpecial = try fields.boolean("allow_special") ?? true
    addSpecial = try fields.boolean("add_special_tokens") ?? true
  }

  func tokens(of text: String, _ tokenizer: Tokenizer) -> [Int] {
    tokenizer.encode(text, allowSpecial: allowSpecial, addSpecial: addSpecial)
  }
}

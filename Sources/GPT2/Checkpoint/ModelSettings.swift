/// What a model's folder says of its tokens: where texts begin and end, and how text becomes tokens. For people to look at.
public struct ModelSettings: Encodable, Sendable {
  /// Ids that end a text.
  public let endOfTextTokens: [Int]
  /// The id that an empty prompt stands for.
  public let beginningOfTextToken: Int?
  /// The file that says both.
  public let endsFile: String
  public let tokenizer: TokenizerSettings?

  /// ``Tokenizer/Settings``, by the names that they have in the files.
  public struct TokenizerSettings: Encodable, Sendable {
    public let files: [String]
    public let tokenCount: Int
    public let addedTokenCount: Int
    public let specialTokenCount: Int
    public let addsPrefixSpace: Bool
    public let prefix: [Int]
    public let suffix: [Int]

    enum CodingKeys: String, CodingKey {
      case files
      case tokenCount = "tokens"
      case addedTokenCount = "added_tokens"
      case specialTokenCount = "special_tokens"
      case addsPrefixSpace = "add_prefix_space"
      case prefix = "prefix_token_ids"
      case suffix = "suffix_token_ids"
    }
  }

  enum CodingKeys: String, CodingKey {
    case endOfTextTokens = "eos_token_id"
    case beginningOfTextToken = "bos_token_id"
    case endsFile = "token_ids_from"
    case tokenizer
  }

  public init(_ checkpoint: Checkpoint, _ tokenizer: Tokenizer?) {
    endOfTextTokens = checkpoint.configuration.endOfTextTokens
    beginningOfTextToken = checkpoint.configuration.beginningOfTextToken
    endsFile = checkpoint.endsFile
    self.tokenizer = tokenizer.map { tokenizer in
      let settings = tokenizer.settings
      return TokenizerSettings(
        files: settings.files, tokenCount: settings.tokenCount, addedTokenCount: settings.addedTokenCount,
        specialTokenCount: settings.specialTokenCount, addsPrefixSpace: settings.addsPrefixSpace,
        prefix: settings.prefix, suffix: settings.suffix)
    }
  }
}

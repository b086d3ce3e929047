/// What a model's folder says of its tokens: where texts begin and end, and how text becomes tokens. For people to look at.
public struct ModelSettings: Encodable, Sendable {
  /// Ids that end a text.
  public let endOfTextTokens: [Int]
  /// The id that an empty prompt stands for.
  public let beginningOfTextToken: Int?
  /// The file that says both.
  public let endsFile: String
  public let tokenizer: Tokenizer.Settings?

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
    self.tokenizer = tokenizer?.settings
  }
}

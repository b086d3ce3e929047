extension Tokenizer {
  /// What a tokenizer's files make it do, in short.
  ///
  /// Encoded by the names that they have in the files, as far as a person may want to look at them.
  public struct Settings: Hashable, Sendable, Encodable {
    /// The files it was made of, by name.
    public internal(set) var files: [String] = []
    /// Whether a text that begins with no space is given one.
    public let addsPrefixSpace: Bool
    /// Tokens put before those of every text, mostly none or one that begins a text.
    public let prefix: [Int]
    /// Tokens put after those of every text.
    public let suffix: [Int]
    /// The token `bos_token`, where the files name one.
    public let beginning: Int?
    /// The token `eos_token`, where the files name one.
    public let end: Int?
    /// How many tokens there are; fewer than ``Tokenizer/vocabularySize`` where ids have holes.
    public let tokenCount: Int
    /// How many of them are looked for in the text itself.
    public let addedTokenCount: Int
    /// How many of those are special: text to who does not let special tokens be read.
    public let specialTokenCount: Int
    /// Whether every text comes back as it was, byte by byte, when the tokens that `encode` makes of it without
    /// ``prefix`` and ``suffix`` are decoded. Not where bytes are dropped or white space is put in or taken.
    public let isLossless: Bool
    /// Whether special tokens in a text can be read as such at all; `split_special_tokens` says no.
    public let readsSpecial: Bool

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
}

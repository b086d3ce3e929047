/// Tokenizers that are no byte-level BPE, by the names that people know them under.
public enum TokenizerKind: Hashable, Sendable {
  case sentencePiece
  case wordPiece
  case wordLevel
  /// Of characters, with `</w>` at the end of a word: that of GPT-1 and CLIP.
  case characterBPE
  case tiktoken

  /// Files that only such a tokenizer has, in the order in which they are looked for.
  static let files: [(name: String, kind: TokenizerKind)] = [
    ("tokenizer.model", .sentencePiece), ("spiece.model", .sentencePiece), ("sentencepiece.bpe.model", .sentencePiece),
    ("sentencepiece.model", .sentencePiece), ("spm.model", .sentencePiece), ("source.spm", .sentencePiece),
    ("vocab.txt", .wordPiece), ("tiktoken.model", .tiktoken), ("tekken.json", .tiktoken),
  ]
}

extension TokenizerKind: CustomStringConvertible {
  public var description: String {
    switch self {
    case .sentencePiece: "a SentencePiece tokenizer"
    case .wordPiece: "a WordPiece tokenizer, as BERT has it"
    case .wordLevel: "a WordLevel tokenizer, of whole words"
    case .characterBPE: "a BPE of characters, as GPT-1 has it"
    case .tiktoken: "a tiktoken tokenizer"
    }
  }
}

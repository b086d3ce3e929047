public import JSON

/// What is wrong with a tokenizer's files, and where; the description is one line that says what to do.
///
/// Files are named by the path they were opened under.
public enum TokenizerError: Error, Hashable, Sendable {
  /// A file could not be read.
  case unreadable(CheckpointError)
  /// The folder lacks files.
  case folder(String, FolderProblem)
  /// A file of JSON that is not.
  case json(file: String, JSONError)
  case vocabulary(file: String, VocabularyProblem)
  case merges(file: String, MergeProblem)
  /// The file is of a tokenizer that is no byte-level BPE.
  case kind(file: String, TokenizerKind)
  /// A value in a file of JSON that is not of the kind or the value that a byte-level BPE has there. `path` leads to it,
  /// as in `model.type`; `found` and `expected` are phrases.
  case setting(path: String, file: String, found: String, expected: String)
  /// A number that is no token.
  case unknownToken(Int, vocabularySize: Int)

  public enum FolderProblem: Hashable, Sendable {
    case noTokenizer
    /// There is one of `vocab.json` and `merges.txt`, but not `missing`, the other.
    case half(missing: String)
    /// There are the files as OpenAI published them, `encoder.json` and `vocab.bpe`.
    case firstNames
  }

  public enum VocabularyProblem: Hashable, Sendable {
    case notAnObject(found: String)
    /// The entry's value is not an integer.
    case notANumber(entry: String, found: String)
    case tooManyTokens(Int, limit: Int)
    case tokenOutOfRange(Int, entry: String, limit: Int)
    /// No byte at all has a token.
    case noBytes
    /// There is no entry of this name, which `of` needs.
    case noEntry(String, of: String)
    /// The tokenizer puts a token before or after every text that it does not have.
    case templateToken(Int)
    /// Two added tokens that are the same text.
    case addedTwice(String)
  }

  /// `Place` is where in the file the merge stands.
  public enum MergeProblem: Hashable, Sendable {
    case tooMany(limit: Int)
    case malformed(Place, found: String)
    /// A half, or the two together, that is not in the vocabulary.
    case unknownToken(Place, String)
  }

  public enum Place: Hashable, Sendable {
    /// Counted from 1.
    case line(Int)
    /// Index into `model.merges` of `tokenizer.json`.
    case element(Int)
  }
}

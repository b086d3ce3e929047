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
  /// A value in `tokenizer.json` that is not of the kind or the value that GPT-2's tokenizer has there. `path` leads to
  /// it, as in `model.type`; `found` and `expected` are phrases.
  case setting(path: String, file: String, found: String, expected: String)
  /// A number that is no token.
  case unknownToken(Int, vocabularySize: Int)

  public enum FolderProblem: Hashable, Sendable {
    case noTokenizer
    /// There is one of `vocab.json` and `merges.txt`, but not `missing`, the other.
    case half(missing: String)
  }

  public enum VocabularyProblem: Hashable, Sendable {
    case notAnObject(found: String)
    /// The entry's value is not an integer.
    case notANumber(entry: String, found: String)
    case tooManyTokens(Int, limit: Int)
    case tokenOutOfRange(Int, entry: String, count: Int)
    case duplicateToken(Int, entry: String)
    case emptyToken(Int)
    /// An entry with a character that spells no byte.
    case foreignCharacter(Unicode.Scalar, entry: String)
    /// There is no token of this one byte.
    case missingByte(UInt8)
    case addedTwice(String)
    /// An added token whose number is not the one of its entry in the vocabulary.
    case addedElsewhere(String, token: Int, entry: Int)
  }

  /// `Place` is where in the file the merge stands.
  public enum MergeProblem: Hashable, Sendable {
    case tooMany(limit: Int)
    case malformed(Place, found: String)
    /// A half with a character that spells no byte.
    case foreignCharacter(Place, Unicode.Scalar, half: String)
    /// A half, or the two together, that is not in the vocabulary.
    case unknownToken(Place, String)
    case duplicate(Place, left: String, right: String)
  }

  public enum Place: Hashable, Sendable {
    /// Counted from 1.
    case line(Int)
    /// Index into `model.merges` of `tokenizer.json`.
    case element(Int)
  }
}

extension Tokenizer {
  /// The largest file that is read, in bytes; GPT-2's are about one million.
  private static let fileLimit = 64 << 20

  /// Reads the tokenizer of a checkpoint: `vocab.json` and `merges.txt`, or, where they are not both there,
  /// `tokenizer.json`.
  ///
  /// Blocks while it reads and builds its tables, about a tenth of a second for GPT-2's 50,257 tokens.
  public init(_ folder: CheckpointFolder) throws(TokenizerError) {
    let vocabularyName = "vocab.json"
    let mergesName = "merges.txt"
    let bothName = "tokenizer.json"
    let missing = [vocabularyName, mergesName].filter { !folder.contains($0) }
    if missing.isEmpty {
      try self.init(
        TokenizerDescription(
          vocabulary: Self.read(vocabularyName, folder), file: folder.path(of: vocabularyName),
          merges: Self.read(mergesName, folder), file: folder.path(of: mergesName)))
    } else if folder.contains(bothName) {
      try self.init(TokenizerDescription(tokenizer: Self.read(bothName, folder), file: folder.path(of: bothName)))
    } else {
      do throws(CheckpointError) { try folder.checkExistence() } catch { throw .unreadable(error) }
      throw .folder(folder.name, missing.count == 1 ? .half(missing: missing[0]) : .noTokenizer)
    }
  }

  private static func read(_ file: String, _ folder: CheckpointFolder) throws(TokenizerError) -> [UInt8] {
    do throws(CheckpointError) { return try folder.read(file, limit: fileLimit) } catch { throw .unreadable(error) }
  }
}

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    let (place, problem): (String, String)
    switch self {
    case .unreadable(let error): return error.description
    case .folder(let path, let folderProblem): (place, problem) = (path, folderProblem.description)
    case .json(let file, let error): (place, problem) = (file, error.description)
    case .vocabulary(let file, let vocabularyProblem): (place, problem) = (file, vocabularyProblem.description)
    case .merges(let file, let mergeProblem): (place, problem) = (file, mergeProblem.description)
    case .setting(let path, let file, let found, let expected):
      place = file
      problem =
        "\(path.oneLine(limit: 200)) is \(found), expected \(expected); only GPT-2's own byte-level BPE is supported, "
        + "use the tokenizer that the model was trained with"
    case .unknownToken(let token, let vocabularySize):
      return vocabularySize == 0
        ? "token \(token) is not in the vocabulary, which is empty"
        : "token \(token) is not in the vocabulary, expected 0 to \(vocabularySize - 1);"
          + " use the tokenizer that belongs to the model"
    }
    return "\(place.oneLine(limit: 4096)): \(problem)"
  }
}

extension TokenizerError.FolderProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noTokenizer:
      "holds no tokenizer, expected vocab.json and merges.txt, or tokenizer.json; download them too, "
        + "or give token ids instead of text"
    case .half(let missing):
      "holds no \(missing), expected vocab.json and merges.txt, or tokenizer.json; download it too"
    }
  }
}

extension TokenizerError.VocabularyProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAnObject(let found): "holds \(found), expected an object of entries and their token ids"
    case .notANumber(let entry, let found):
      "entry \(entry.quoted) has \(found), expected its token id, an integer; fetch the file again"
    case .tooManyTokens(let count, let limit): "has \(count) tokens, expected at most \(limit); is it the right file?"
    case .tokenOutOfRange(let token, let entry, let count):
      "entry \(entry.quoted) has token id \(token), expected 0 to \(count - 1), as there are \(count) tokens; "
        + "is an entry lost? fetch the file again"
    case .duplicateToken(let token, let entry):
      "entry \(entry.quoted) has token id \(token), which another entry has already; fetch the file again"
    case .emptyToken(let token): "the entry of token id \(token) is empty, expected at least one character"
    case .foreignCharacter(let character, let entry):
      "entry \(entry.quoted) has the character \(character.named), which stands for no byte in GPT-2's vocabularies; "
        + "is this the vocabulary of another kind of tokenizer?"
    case .missingByte(let byte):
      "has no entry \(String(ByteAlphabet.scalars[Int(byte)]).quoted), the token of byte \(byte), expected one for "
        + "each of the 256 bytes; is this the vocabulary of another kind of tokenizer?"
    case .addedTwice(let content): "added_tokens has \(content.quoted) twice, expected it once"
    case .addedElsewhere(let content, let token, let entry):
      "added_tokens gives \(content.quoted) token id \(token), expected \(entry) as model.vocab has it"
    }
  }
}

extension TokenizerError.MergeProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooMany(let limit): "has more than \(limit) merges; is it the right file?"
    case .malformed(let place, let found):
      "\(place) is \(found), expected two tokens with one space between them; fetch the file again"
    case .foreignCharacter(let place, let character, let half):
      "\(place) has \(half.quoted) with the character \(character.named), which stands for no byte in GPT-2's "
        + "vocabularies; is the file damaged or of another kind of tokenizer?"
    case .unknownToken(let place, let token):
      "\(place) needs the token \(token.quoted), expected it in the vocabulary; are the two from the same model?"
    case .duplicate(let place, let left, let right):
      "\(place) merges \(left.quoted) and \(right.quoted), as an earlier merge does; fetch the file again"
    }
  }
}

extension TokenizerError.Place: CustomStringConvertible {
  public var description: String {
    switch self {
    case .line(let line): "line \(line)"
    case .element(let index): "model.merges[\(index)]"
    }
  }
}

extension Unicode.Scalar {
  /// The character and its number, for messages: `" " (U+0020)`.
  fileprivate var named: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "\(String(self).quoted) (U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits))"
  }
}

internal import JSON

extension TokenizerError: CustomStringConvertible {
  public var description: String {
    let (place, problem): (String, String)
    switch self {
    case .unreadable(let error): return error.description
    case .folder(let path, let folderProblem): (place, problem) = (path, folderProblem.description)
    case .json(let file, let error): (place, problem) = (file, error.description)
    case .vocabulary(let file, let vocabularyProblem): (place, problem) = (file, vocabularyProblem.description)
    case .merges(let file, let mergeProblem): (place, problem) = (file, mergeProblem.description)
    case .kind(let file, let kind):
      place = file
      problem =
        "belongs to \(kind), and only byte-level BPE is supported, as GPT-2 has it; encode the text with the model's own "
        + "tokenizer and give token ids instead"
    case .setting(let path, let file, let found, let expected):
      place = file
      // What tokenizer.json says otherwise is mostly another tokenizer; the other files are at fault themselves.
      let advice =
        file.hasSuffix("tokenizer.json")
        ? "only byte-level BPE is supported, as GPT-2 has it; use the tokenizer that the model was trained with"
        : "correct the file or fetch it again"
      problem = "\(path.oneLine(limit: 200)) is \(found), expected \(expected); \(advice)"
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
      "holds no tokenizer, expected tokenizer.json, or vocab.json and merges.txt; download them too, "
        + "or give token ids instead of text"
    case .half(let missing):
      "holds no \(missing), expected tokenizer.json, or vocab.json and merges.txt; download it too"
    case .firstNames:
      "holds encoder.json and vocab.bpe, expected them to be named vocab.json and merges.txt; rename them"
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
    case .tokenOutOfRange(let token, let entry, let limit):
      "entry \(entry.quoted) has token id \(token), expected 0 to \(limit - 1); fetch the file again"
    case .noBytes:
      "has no token of any single byte; is this the vocabulary of another kind of tokenizer?"
    case .noEntry(let entry, let purpose):
      "has no entry \(entry.quoted), which is \(purpose); are the files from the same model?"
    case .templateToken(let token):
      "has no token \(token), which the tokenizer puts beside every text; are the files from the same model?"
    case .addedTwice(let content):
      "two added tokens are the same text after normalizing, \(content.quoted) is the second; expected it once"
    }
  }
}

extension TokenizerError.MergeProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tooMany(let limit): "has more than \(limit) merges; is it the right file?"
    case .malformed(let place, let found):
      "\(place) is \(found), expected two tokens with one space between them; fetch the file again"
    case .unknownToken(let place, let token):
      "\(place) needs the token \(token.quoted), expected it in the vocabulary; are the two from the same model?"
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

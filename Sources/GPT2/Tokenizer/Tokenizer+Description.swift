extension Tokenizer {
  /// Makes a tokenizer of a description that holds together, and throws what is wrong with any other.
  ///
  /// Every one of the 256 bytes must have a token, so that there is nothing that cannot be encoded. An entry
  /// `<|endoftext|>` is the special token of that name, whether or not the files say that it is special.
  init(_ description: TokenizerDescription) throws(TokenizerError) {
    var added = description.added
    let endOfText = ExactString(AddedToken.endOfText)
    if !added.contains(where: { ExactString($0.content) == endOfText }),
      let entry = description.entries.last(where: { ExactString($0.spelling) == endOfText })
    {
      added.append(AddedToken(content: AddedToken.endOfText, token: entry.token, isSpecial: true))
    }
    var vocabulary = try Vocabulary(description, added: added)

    var byteTokens: [UInt32] = []
    for byte in UInt8.min...UInt8.max {
      guard let token = vocabulary.token([byte].span) else {
        throw .vocabulary(file: description.vocabularyFile, .missingByte(byte))
      }
      byteTokens.append(token)
    }
    let merges = try MergeTable(description, vocabulary)
    let encoder = BytePairEncoder(byteTokens: byteTokens, merges: merges)

    // Most words of a text are single tokens; those whose merges do lead to that token need not be merged each time.
    var tokens: [Int] = []
    for token in 0..<vocabulary.count {
      tokens.removeAll(keepingCapacity: true)
      encoder.encode(vocabulary.bytes(of: token).span, into: &tokens)
      if tokens == [token] { vocabulary.markAsWord(token) }
    }
    self.init(vocabulary: vocabulary, encoder: encoder, added: added)
  }
}

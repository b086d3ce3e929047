extension Tokenizer {
  /// Makes a tokenizer of a description that holds together, and throws what is wrong with any other.
  ///
  /// The tokens must be exactly `0..<count`: a hole is a lost entry. Every one of the 256 bytes must have a token, so that
  /// there is nothing that cannot be encoded.
  init(_ description: TokenizerDescription) throws(TokenizerError) {
    var added = description.added
    func isEndOfText(_ text: String) -> Bool { text.utf8.elementsEqual(AddedToken.endOfText.utf8) }
    if !added.contains(where: { isEndOfText($0.content) }),
      let entry = description.entries.first(where: { isEndOfText($0.spelling) })
    {
      added.append(AddedToken(content: AddedToken.endOfText, token: entry.token, isSpecial: true))
    }
    var vocabulary = try Self.vocabulary(of: description, added: added)

    var byteTokens: [UInt32] = []
    for byte in UInt8.min...UInt8.max {
      guard let token = vocabulary.token([byte].span) else {
        throw .vocabulary(file: description.vocabularyFile, .missingByte(byte))
      }
      byteTokens.append(token)
    }
    let encoder = BytePairEncoder(byteTokens: byteTokens, merges: try Self.merges(of: description, vocabulary))

    // Most words of a text are single tokens; those whose merges do lead to that token need not be merged each time.
    var tokens: [Int] = []
    for token in 0..<vocabulary.count {
      let bytes = Array(vocabulary.bytes(of: token))
      guard let found = vocabulary.token(bytes.span), found == token else { continue }
      tokens.removeAll(keepingCapacity: true)
      encoder.encode(bytes.span, into: &tokens)
      if tokens == [token] { vocabulary.markAsWord(token) }
    }
    self.init(vocabulary: vocabulary, encoder: encoder, added: added)
  }

  private static func vocabulary(
    of description: TokenizerDescription, added: [AddedToken]
  ) throws(TokenizerError) -> Vocabulary {
    let file = description.vocabularyFile
    var addedTokens: [[UInt8]: Int] = [:]
    for entry in added {
      let content = Array(entry.content.utf8)
      if content.isEmpty { throw .vocabulary(file: file, .emptyToken(entry.token)) }
      if addedTokens.updateValue(entry.token, forKey: content) != nil {
        throw .vocabulary(file: file, .addedTwice(entry.content))
      }
    }
    // Added tokens that have an entry, with what that says of them.
    var entered: [[UInt8]: Int] = [:]
    if !addedTokens.isEmpty {
      for entry in description.entries {
        let content = Array(entry.spelling.utf8)
        if addedTokens[content] != nil { entered[content] = entry.token }
      }
    }
    let count = description.entries.count + addedTokens.count - entered.count
    guard count < MergeTable.limit else {
      throw .vocabulary(file: file, .tooManyTokens(count, limit: MergeTable.limit - 1))
    }

    // Empty where no token has been seen; no token is empty.
    var tokens = [[UInt8]](repeating: [], count: count)
    var isFindable = [Bool](repeating: false, count: count)
    func add(_ spelling: String, _ bytes: [UInt8], _ token: Int) throws(TokenizerError) {
      guard tokens.indices.contains(token) else {
        throw .vocabulary(file: file, .tokenOutOfRange(token, entry: spelling, count: count))
      }
      guard !bytes.isEmpty else { throw .vocabulary(file: file, .emptyToken(token)) }
      guard tokens[token].isEmpty else {
        throw .vocabulary(file: file, .duplicateToken(token, entry: spelling))
      }
      tokens[token] = bytes
    }
    for entry in description.entries {
      var bytes: [UInt8] = []
      let spelling = Array(entry.spelling.utf8)
      let foreign = ByteAlphabet.decode(spelling.span, into: &bytes)
      if let foreign {
        guard addedTokens[spelling] != nil else {
          let character = ByteAlphabet.character(of: entry.spelling, at: foreign)
          throw .vocabulary(file: file, .foreignCharacter(character, entry: entry.spelling))
        }
        bytes = spelling
      }
      try add(entry.spelling, bytes, entry.token)
      isFindable[entry.token] = foreign == nil
    }
    for entry in added {
      let content = Array(entry.content.utf8)
      if let token = entered[content] {
        guard token == entry.token else {
          throw .vocabulary(file: file, .addedElsewhere(entry.content, token: entry.token, entry: token))
        }
        // It stands for itself. Where it spells other bytes, merges must not come to it.
        if tokens[token] != content {
          tokens[token] = content
          isFindable[token] = false
        }
      } else {
        try add(entry.content, content, entry.token)
      }
    }
    return Vocabulary(tokens: tokens) { isFindable[$0] }
  }

  private static func merges(
    of description: TokenizerDescription, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> MergeTable {
    let file = description.mergesFile
    guard description.merges.count < MergeTable.limit else {
      throw .merges(file: file, .tooMany(limit: MergeTable.limit - 1))
    }
    var table = MergeTable(capacity: description.merges.count)
    for (rank, merge) in description.merges.enumerated() {
      var bytes: [UInt8] = []
      /// Appends the bytes of `half` and gives its token.
      func token(_ half: String) throws(TokenizerError) -> UInt32 {
        let start = bytes.count
        if let offset = ByteAlphabet.decode(Array(half.utf8).span, into: &bytes) {
          throw .merges(
            file: file,
            .foreignCharacter(
              description.place(ofMerge: rank), ByteAlphabet.character(of: half, at: offset), half: half))
        }
        return try known(bytes[start...])
      }
      func known(_ bytes: ArraySlice<UInt8>) throws(TokenizerError) -> UInt32 {
        guard let token = vocabulary.token(bytes.span) else {
          let spelling = ByteAlphabet.spelling(of: bytes)
          throw .merges(file: file, .unknownToken(description.place(ofMerge: rank), spelling))
        }
        return token
      }
      let left = try token(merge.left)
      let right = try token(merge.right)
      guard table.append(left, right, product: try known(bytes[...])) else {
        throw .merges(
          file: file, .duplicate(description.place(ofMerge: rank), left: merge.left, right: merge.right))
      }
    }
    return table
  }
}

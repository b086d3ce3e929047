extension Vocabulary {
  /// Makes the vocabulary of `description` and of `added`, which may, but need not, be among its entries.
  ///
  /// The tokens must be exactly `0..<count`: a hole would be a lost entry.
  init(_ description: TokenizerDescription, added: [AddedToken]) throws(TokenizerError) {
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
    let lengths = Set(addedTokens.keys.map(\.count))
    for entry in description.entries where lengths.contains(entry.spelling.utf8.count) {
      let content = Array(entry.spelling.utf8)
      if addedTokens[content] != nil { entered[content] = entry.token }
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
      let foreign = ByteAlphabet.decode(entry.spelling, into: &bytes)
      if let foreign {
        let content = Array(entry.spelling.utf8)
        guard addedTokens[content] != nil else {
          let character = ByteAlphabet.character(of: entry.spelling, at: foreign)
          throw .vocabulary(file: file, .foreignCharacter(character, entry: entry.spelling))
        }
        bytes = content
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
    self.init(tokens: tokens) { isFindable[$0] }
  }
}

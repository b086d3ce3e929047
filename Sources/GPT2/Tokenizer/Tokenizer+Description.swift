internal import JSON

extension Tokenizer {
  private static let longestMarked = 4096

  /// Makes a tokenizer of a description that holds together, and throws what is wrong with any other.
  init(_ description: TokenizerDescription) throws(TokenizerError) {
    let model = try ModelVocabulary(description)
    var encoder = BytePairEncoder(
      byteTokens: try model.byteTokens(file: description.vocabularyFile), merges: try model.mergeTable(description))
    if let unknown = description.unknown, encoder.byteTokens.contains(BytePairEncoder.none) {
      guard let token = model.token(unknown) else {
        throw .vocabulary(file: description.vocabularyFile, .noEntry(unknown, of: "model.unk_token"))
      }
      (encoder.unknown, encoder.fusesUnknown) = (token, description.fusesUnknown)
    }

    var added = AddedVocabulary()
    for batch in description.added { added.add(batch, count: model.count, entry: model.token) }
    if let token = added.tokens.keys.max(), token >= MergeTable.limit {
      throw .vocabulary(file: description.vocabularyFile, .tooManyTokens(token + 1, limit: MergeTable.limit - 1))
    }
    let searched = try Self.searched(added, description)

    let entries = (searched.exact + searched.normalized).map { entry in
      Vocabulary.Entry(bytes: Self.text(of: entry.bytes), token: entry.token, isFindable: false)
    }
    var vocabulary = Vocabulary(model.entries + entries)
    // Most words of a text are single tokens; those whose merges do lead to that token need not be merged each time.
    var tokens: [Int] = []
    vocabulary.markWords { word, token in
      if description.ignoresMerges { return true }
      // No word of a text that is worth the time.
      if word.count > Self.longestMarked { return false }
      tokens.removeAll(keepingCapacity: true)
      encoder.encode(word, into: &tokens)
      return tokens.count == 1 && tokens[0] == Int(token)
    }

    func id(_ content: String) -> Int? {
      added.ids[ExactString(content)] ?? model.token(content).map { Int($0) }
    }
    func ids(_ items: [TokenTemplate.Item]) throws(TokenizerError) -> [Int] {
      var ids: [Int] = []
      for item in items {
        switch item {
        case .token(let token): ids.append(token)
        case .named(let content):
          guard let token = id(content) ?? description.named.unknown.flatMap(id) else {
            throw .vocabulary(file: description.vocabularyFile, .noEntry(content, of: "the text's first or last token"))
          }
          ids.append(token)
        }
      }
      return ids
    }
    let template = try (prefix: ids(description.template.prefix), suffix: ids(description.template.suffix))
    if let token = (template.prefix + template.suffix).first(where: { vocabulary.bytes(of: $0) == nil }) {
      throw .vocabulary(file: description.vocabularyFile, .templateToken(token))
    }
    let settings = Settings(
      addsPrefixSpace: description.preTokenization.addsPrefixSpace, prefix: template.prefix, suffix: template.suffix,
      beginning: description.named.beginning.flatMap(id), end: description.named.end.flatMap(id),
      tokenCount: Set(model.entries.map(\.token) + Array(added.tokens.keys)).count,
      addedTokenCount: added.tokens.count,
      specialTokenCount: added.tokens.values.count { added.special.contains(ExactString($0.content)) },
      isLossless: !encoder.byteTokens.contains(BytePairEncoder.none) && !description.preTokenization.addsPrefixSpace
        && description.normalizers.isEmpty && Self.isLossless(model, added),
      readsSpecial: !description.splitsSpecial)
    self.init(
      vocabulary: vocabulary, encoder: encoder, exact: AddedTokens(searched.exact),
      normalized: AddedTokens(searched.normalized), preTokenization: description.preTokenization,
      normalizers: description.normalizers, settings: settings, endOfText: id(AddedToken.endOfText),
      specialTokens: Set(added.tokens.filter { added.special.contains(ExactString($0.value.content)) }.keys))
  }

  /// The added tokens as they are looked for: in the text itself, and then in what is left of it, normalized.
  private static func searched(
    _ added: AddedVocabulary, _ description: TokenizerDescription
  ) throws(TokenizerError) -> (exact: [AddedTokens.Entry], normalized: [AddedTokens.Entry]) {
    var exact: [AddedTokens.Entry] = []
    var normalized: [AddedTokens.Entry] = []
    var seen: Set<[UInt8]> = []
    for (token, rules) in added.tokens.sorted(by: { $0.key < $1.key }) {
      var entry = AddedTokens.Entry(
        bytes: Array(rules.content.utf8), token: token, rules: rules,
        isSpecial: added.special.contains(ExactString(rules.content)))
      guard rules.isNormalized else {
        exact.append(entry)
        continue
      }
      for normalize in description.normalizers { entry.bytes = normalize(entry.bytes.span) }
      guard !entry.bytes.isEmpty, seen.insert(entry.bytes).inserted else {
        throw .vocabulary(file: description.vocabularyFile, .addedTwice(rules.content))
      }
      normalized.append(entry)
    }
    return (exact, normalized)
  }

  /// Whether every token decodes to the bytes that it is made of.
  private static func isLossless(_ model: ModelVocabulary, _ added: AddedVocabulary) -> Bool {
    var contents = added.tokens.mapValues { Array($0.content.utf8) }
    if added.tokens.values.contains(where: { $0.stripsLeft || $0.stripsRight }) { return false }
    if contents.values.contains(where: { text(of: $0) != $0 }) { return false }
    var seen: Set<Int> = []
    for entry in model.entries {
      guard seen.insert(entry.token).inserted else { return false }
      if let content = contents.removeValue(forKey: entry.token), content != entry.bytes { return false }
    }
    return true
  }

  /// The text that an added token stands for.
  ///
  /// A content that is all of the byte alphabet stands for the bytes it spells, as for tokenizers' ByteLevel decoder:
  /// `Ġnew` is " new". Where those are no UTF-8, which there becomes U+FFFD, the content stands for itself: `é`.
  private static func text(of content: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    let isSpelled = ByteAlphabet.decode(String(decoding: content, as: UTF8.self), into: &bytes) == nil
    return isSpelled && String(validating: bytes, as: UTF8.self) != nil ? bytes : content
  }
}

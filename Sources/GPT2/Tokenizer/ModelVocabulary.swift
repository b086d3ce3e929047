internal import JSON

/// The vocabulary of a tokenizer's model, looked up by spelling: what its files say before tokens are added to it.
struct ModelVocabulary {
  /// As ``Vocabulary`` takes them.
  private(set) var entries: [Vocabulary.Entry] = []
  /// Spellings that are not all of the byte alphabet, or empty. No text becomes them, but merges may name them.
  private var foreign: [ExactString: UInt32] = [:]
  private let vocabulary: Vocabulary

  /// How many entries there are; ids of added tokens go on from there.
  var count: Int { entries.count }

  init(_ description: TokenizerDescription) throws(TokenizerError) {
    let file = description.vocabularyFile
    guard description.entries.count < MergeTable.limit else {
      throw .vocabulary(file: file, .tooManyTokens(description.entries.count, limit: MergeTable.limit - 1))
    }
    entries.reserveCapacity(description.entries.count)
    for (spelling, token) in description.entries {
      guard (0..<MergeTable.limit).contains(token) else {
        throw .vocabulary(file: file, .tokenOutOfRange(token, entry: spelling, limit: MergeTable.limit - 1))
      }
      var bytes: [UInt8] = []
      let isSpelled = ByteAlphabet.decode(spelling, into: &bytes) == nil
      if !isSpelled { bytes = Array(spelling.utf8) }
      let isFindable = isSpelled && !bytes.isEmpty
      if !isFindable { foreign[ExactString(spelling)] = UInt32(token) }
      entries.append(Vocabulary.Entry(bytes: bytes, token: token, isFindable: isFindable))
    }
    vocabulary = Vocabulary(entries)
  }

  /// The token that is spelled so.
  func token(_ spelling: String) -> UInt32? {
    var bytes: [UInt8] = []
    if ByteAlphabet.decode(spelling, into: &bytes) == nil, !bytes.isEmpty { return vocabulary.token(bytes.span) }
    return foreign[ExactString(spelling)]
  }

  /// The token of every byte, ``BytePairEncoder/none`` where there is none.
  func byteTokens(file: String) throws(TokenizerError) -> [UInt32] {
    let tokens = (UInt8.min...UInt8.max).map { vocabulary.token([$0].span) ?? BytePairEncoder.none }
    guard tokens.contains(where: { $0 != BytePairEncoder.none }) else { throw .vocabulary(file: file, .noBytes) }
    return tokens
  }

  /// The merges of `description`, whose halves and products must be in the vocabulary.
  func mergeTable(_ description: TokenizerDescription) throws(TokenizerError) -> MergeTable {
    let file = description.mergesFile
    guard description.merges.count < MergeTable.limit else {
      throw .merges(file: file, .tooMany(limit: MergeTable.limit - 1))
    }
    var table = MergeTable(capacity: description.merges.count)
    var bytes: [UInt8] = []
    for (rank, merge) in description.merges.enumerated() {
      func known(_ spelling: String) throws(TokenizerError) -> UInt32 {
        guard let token = token(spelling) else {
          throw .merges(file: file, .unknownToken(description.place(ofMerge: rank), spelling))
        }
        return token
      }
      bytes.removeAll(keepingCapacity: true)
      // Mostly all three are of the alphabet, and the product's bytes are those of the halves.
      if ByteAlphabet.decode(merge.left, into: &bytes) == nil, case let middle = bytes.count, middle > 0,
        ByteAlphabet.decode(merge.right, into: &bytes) == nil, middle < bytes.count,
        let left = vocabulary.token(bytes.span.extracting(..<middle)),
        let right = vocabulary.token(bytes.span.extracting(middle...)), let product = vocabulary.token(bytes.span)
      {
        table.append(left, right, product: product)
      } else {
        table.append(
          try known(merge.left), try known(merge.right), product: try known(merge.left + merge.right))
      }
    }
    return table
  }
}

extension MergeTable {
  /// Makes the table of the merges of `description`; their halves and products must be in `vocabulary`.
  init(_ description: TokenizerDescription, _ vocabulary: Vocabulary) throws(TokenizerError) {
    let file = description.mergesFile
    guard description.merges.count < MergeTable.limit else {
      throw .merges(file: file, .tooMany(limit: MergeTable.limit - 1))
    }
    self.init(capacity: description.merges.count)
    var bytes: [UInt8] = []
    for (rank, merge) in description.merges.enumerated() {
      bytes.removeAll(keepingCapacity: true)
      /// Appends the bytes of `half` and gives its token.
      func token(_ half: String) throws(TokenizerError) -> UInt32 {
        let start = bytes.count
        if let offset = ByteAlphabet.decode(half, into: &bytes) {
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
      guard append(left, right, product: try known(bytes[...])) else {
        throw .merges(
          file: file, .duplicate(description.place(ofMerge: rank), left: merge.left, right: merge.right))
      }
    }
  }
}

/// What `tokenizer.json` does to text before added tokens that are normalized, and words, are looked for.
enum TextNormalizer: Hashable, Sendable {
  /// Every character on its own to lower case.
  case lowercase

  func callAsFunction(_ text: Span<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      guard let (scalar, length) = WideCharacter.scalar(text, at: index) else {
        result.append(text[index])
        index += 1
        continue
      }
      result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
      index += length
    }
    return result
  }
}

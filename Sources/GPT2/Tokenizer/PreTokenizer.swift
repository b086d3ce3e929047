/// Cuts text into the words inside which GPT-2 merges bytes.
///
/// The words are the successive matches of the pattern published with GPT-2,
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// which together cover the text. The scanner reads every byte a bounded number of times. A byte that is not part of a
/// well-formed UTF-8 sequence counts as one character of ``CharacterClass/other``.
enum PreTokenizer {
  /// The pattern as files write it.
  static let pattern =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The end of the word that begins at `start`, a character boundary below `text.count`. Later than `start`.
  ///
  /// The end of `text` is the end of the text to the pattern's `(?!\S)`.
  @inline(__always)
  static func endOfWord(in text: Span<UInt8>, from start: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let end = endOfContraction(in: text, from: start) { return end }
    if first == UInt8(ascii: " "), start + 1 < text.count {
      let next = character(in: text, at: start + 1)
      if next.kind != .space { return endOfRun(of: next.kind, in: text, from: start + 1 + next.length) }
    }
    let (kind, length) = character(in: text, at: start)
    if kind != .space { return endOfRun(of: kind, in: text, from: start + length) }
    return endOfSpaces(in: text, from: start, firstLength: length)
  }

  /// The end of one of `'s 't 're 've 'm 'll 'd` at the apostrophe at `start`, if there is one.
  private static func endOfContraction(in text: Span<UInt8>, from start: Int) -> Int? {
    guard start + 1 < text.count else { return nil }
    let second: UInt8
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"): second = UInt8(ascii: "e")
    case UInt8(ascii: "l"): second = UInt8(ascii: "l")
    default: return nil
    }
    return start + 2 < text.count && text[start + 2] == second ? start + 3 : nil
  }

  /// The first index from `index` on where a character is not of `kind`.
  @inline(__always)
  private static func endOfRun(of kind: CharacterClass, in text: Span<UInt8>, from index: Int) -> Int {
    var index = index
    while index < text.count {
      let next = character(in: text, at: index)
      if next.kind != kind { break }
      index += next.length
    }
    return index
  }

  /// The end of the word that begins with the white space at `start`.
  ///
  /// A run of white space leaves its last character to the word that follows it, unless it has only one or nothing
  /// follows.
  private static func endOfSpaces(in text: Span<UInt8>, from start: Int, firstLength: Int) -> Int {
    var last = start
    var index = start + firstLength
    while index < text.count {
      let next = character(in: text, at: index)
      if next.kind != .space { return last == start ? index : last }
      last = index
      index += next.length
    }
    return index
  }

  /// The end of the run of numbers, or of what is none, that begins at `start`; with `isIndividual` a number is alone.
  static func endOfNumber(in text: Span<UInt8>, from start: Int, isIndividual: Bool) -> Int {
    let first = character(in: text, at: start)
    var index = start + first.length
    if first.kind == .number, isIndividual { return index }
    while index < text.count {
      let next = character(in: text, at: index)
      if (next.kind == .number) != (first.kind == .number) { break }
      index += next.length
    }
    return index
  }

  /// The class and the length in bytes of the character at `index`.
  @inline(__always)
  private static func character(in text: Span<UInt8>, at index: Int) -> (kind: CharacterClass, length: Int) {
    let byte = text[index]
    return byte < 0x80 ? (CharacterClass(ascii: byte), 1) : wideCharacter(in: text, at: index)
  }

  /// The class and length of the character that begins with the byte ≥ 0x80 at `index`.
  @inline(never)
  private static func wideCharacter(in text: Span<UInt8>, at index: Int) -> (kind: CharacterClass, length: Int) {
    guard let (scalar, length) = WideCharacter.decode(text, at: index) else { return (.other, 1) }
    return (CharacterClass(scalar), length)
  }
}

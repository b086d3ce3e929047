/// How text between added tokens is cut into words: the pre-tokenizers of `tokenizer.json` that byte-level BPE has.
struct PreTokenization: Sendable {
  enum Step: Hashable, Sendable {
    /// A space in front of a text that begins with none; then, with `usesPattern`, GPT-2's pattern.
    case byteLevel(addsPrefixSpace: Bool, usesPattern: Bool)
    /// GPT-2's pattern.
    case pattern
    /// Numbers apart from all else, digit by digit or each whole.
    case digits(isIndividual: Bool)
  }

  var steps: [Step]

  static let gpt2 = PreTokenization(steps: [.byteLevel(addsPrefixSpace: false, usesPattern: true)])

  /// Whether there is nothing but GPT-2's own way, with or without the space in front.
  var isPlain: Bool {
    if steps.count == 1, case .byteLevel(_, usesPattern: true) = steps[0] { true } else { false }
  }

  var addsPrefixSpace: Bool {
    steps.contains { if case .byteLevel(addsPrefixSpace: true, _) = $0 { true } else { false } }
  }

  /// The words of `text`, step after step.
  func words(of text: Span<UInt8>) -> [[UInt8]] {
    var words = [Self.bytes(text)]
    for step in steps { words = words.flatMap { Self.cut($0, step) } }
    return words
  }

  private static func cut(_ text: [UInt8], _ step: Step) -> [[UInt8]] {
    switch step {
    case .byteLevel(let addsPrefixSpace, let usesPattern):
      let text = addsPrefixSpace ? prefixed(text) : text
      return usesPattern ? cut(text) { PreTokenizer.endOfWord(in: $0, from: $1) } : [text]
    case .pattern: return cut(text) { PreTokenizer.endOfWord(in: $0, from: $1) }
    case .digits(let isIndividual):
      return cut(text) { PreTokenizer.endOfNumber(in: $0, from: $1, isIndividual: isIndividual) }
    }
  }

  /// `text` with a space in front of it, unless it begins with one.
  static func prefixed(_ text: [UInt8]) -> [UInt8] {
    text.first == UInt8(ascii: " ") ? text : [UInt8(ascii: " ")] + text
  }

  static func bytes(_ text: Span<UInt8>) -> [UInt8] {
    text.withUnsafeBufferPointer { Array($0) }
  }

  private static func cut(_ text: [UInt8], _ end: (Span<UInt8>, Int) -> Int) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var start = 0
    while start < text.count {
      let end = end(text.span, start)
      words.append(Array(text[start..<end]))
      start = end
    }
    return words
  }
}

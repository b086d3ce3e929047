import TestSupport

extension SeededNumbers {
  /// Bytes of which most are UTF-8: characters of all lengths and classes, cut ones, and any bytes at all.
  mutating func bytes(pieces: Int) -> [UInt8] {
    let texts = [
      "a", "Z", "the", "'s", "'ll", "'", " ", "  ", "\t", "\r\n", "7", "½", "é", "e\u{301}", "ß", "Ж", "中文", "\u{A0}",
      "\u{2003}", "\u{200B}", "🙂", "👩\u{200D}👩\u{200D}👧", "!", "<|endoftext|>", "<|endoftext", "\u{0}", "\u{10FFFF}",
    ]
    var bytes: [UInt8] = []
    for _ in 0..<pieces {
      let text = Array(texts.randomElement(using: &self)!.utf8)
      switch Int.random(in: 0..<10, using: &self) {
      case 0: bytes.append(.random(in: .min ... .max, using: &self))
      case 1: bytes.append(.random(in: 0x80 ... .max, using: &self))
      case 2: bytes += text.prefix(.random(in: 0...text.count, using: &self))
      case 3: bytes += text.suffix(.random(in: 0...text.count, using: &self))
      default: bytes += text
      }
    }
    return bytes
  }
}

import TestSupport
import Testing

@testable import GPT2

@Suite("Merging by rank")
struct BytePairEncoderTests {
  /// An encoder with the given merges in order of rank, which need not make sense, and its naive twin.
  private struct Toy {
    var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { [$0] }
    var encoder = BytePairEncoder(byteTokens: Array(0..<256), merges: MergeTable(capacity: 64))
    var twin = NaiveTokenizer(ranks: [:])

    init(_ merges: [(String, String)]) {
      self.init(merges.map { (Array($0.0.utf8), Array($0.1.utf8)) })
    }

    init(_ merges: [([UInt8], [UInt8])]) {
      for (rank, merge) in merges.enumerated() {
        let (left, right) = merge
        encoder.merges.append(token(left), token(right), product: token(left + right))
        twin.ranks[.init(left: left, right: right)] = rank
      }
    }

    mutating func token(_ bytes: [UInt8]) -> UInt32 {
      if let token = tokens.firstIndex(of: bytes) { return UInt32(token) }
      tokens.append(bytes)
      return UInt32(tokens.count - 1)
    }

    /// What the quadratic and what the logarithmic form make of `word`.
    func encode(_ word: [UInt8]) -> (short: [[UInt8]], long: [[UInt8]]) {
      var short: [Int] = []
      encoder.encodeShort(word.span, into: &short)
      var long: [Int] = []
      encoder.encodeLong(word.span, into: &long)
      return (short.map { tokens[$0] }, long.map { tokens[$0] })
    }
  }

  @Test(
    "looks for the lowest rank after every replacement",
    arguments: [
      // A replacement of a+b makes a pair of lower rank with the a after it, which comes before the next a+b.
      ("abab", ["aba", "b"]),
      ("abac", ["aba", "c"]),
      ("aaab", ["a", "a", "ab"]),
    ])
  func order(word: String, expected: [String]) {
    let toy = Toy([("ab", "a"), ("a", "b")])
    let (short, long) = toy.encode(Array(word.utf8))
    #expect(short == expected.map { Array($0.utf8) })
    #expect(long == expected.map { Array($0.utf8) })
  }

  @Test("pairs from the left where a symbol meets itself", arguments: 0..<20)
  func overlap(count: Int) {
    let toy = Toy([("a", "a")])
    let (short, long) = toy.encode(Array(repeating: UInt8(ascii: "a"), count: count))
    let expected =
      Array(repeating: Array("aa".utf8), count: count / 2) + Array(repeating: Array("a".utf8), count: count % 2)
    #expect(short == expected)
    #expect(long == expected)
  }

  @Test("agrees with the naive twin, whatever the merges", arguments: 0..<150)
  func twin(seed: Int) {
    var random = SeededNumbers(seed)
    let letters = Array("abc".utf8.prefix(.random(in: 1...3, using: &random)))
    var known = letters.map { [$0] }
    var pairs: Set<NaiveTokenizer.Pair> = []
    for _ in 0..<Int.random(in: 1...25, using: &random) {
      let pair = NaiveTokenizer.Pair(
        left: known.randomElement(using: &random)!, right: known.randomElement(using: &random)!)
      if pairs.insert(pair).inserted { known.append(pair.left + pair.right) }
    }
    // In no order a trainer would write them in, for every other seed.
    var merges = pairs.map { ($0.left, $0.right) }
    merges.sort { ($0.0 + $0.1 + [0] + $0.0).lexicographicallyPrecedes($1.0 + $1.1 + [0] + $1.0) }
    if seed % 2 == 0 {
      merges.shuffle(using: &random)
    } else {
      merges.sort { $0.0.count + $0.1.count < $1.0.count + $1.1.count }
    }

    let toy = Toy(merges)
    for length in [0, 1, 2, 3, 5, 8, 13, 40, 130] {
      let word = (0..<length).map { _ in letters.randomElement(using: &random)! }
      let expected = toy.twin.symbols(of: word)
      let (short, long) = toy.encode(word)
      #expect(short == expected, "\(merges), \(word)")
      #expect(long == expected, "\(merges), \(word)")
    }
  }

  @Test("of a pair that is there twice the last rank counts")
  func again() {
    let (short, long) = Toy([("a", "b"), ("b", "c"), ("a", "b")]).encode(Array("abc".utf8))
    #expect(short == [Array("a".utf8), Array("bc".utf8)])
    #expect(long == short)
  }

  @Test(
    "drops bytes that have no token, or makes the unknown token of them",
    arguments: [
      (BytePairEncoder.none, false, [97, 98]), (300, false, [300, 97, 300, 300, 98]), (300, true, [300, 97, 300, 98]),
    ] as [(UInt32, Bool, [Int])])
  func missing(unknown: UInt32, fuses: Bool, expected: [Int]) {
    let tokens = (0..<256).map { UInt32($0) }.map { (97...98).contains($0) ? $0 : BytePairEncoder.none }
    let encoder = BytePairEncoder(
      byteTokens: tokens, unknown: unknown, fusesUnknown: fuses, merges: MergeTable(capacity: 1))
    var (short, long): ([Int], [Int]) = ([], [])
    encoder.encodeShort(Array("xaxyb".utf8).span, into: &short)
    encoder.encodeLong(Array("xaxyb".utf8).span, into: &long)
    #expect(short == expected)
    #expect(long == expected)
  }

  @Test("encodes a word of a million letters", .timeLimit(.minutes(2)), arguments: ["h", "hell"])
  func million(unit: String) throws {
    // No merge of the toy joins two of these units.
    let count = 1_000_000 / unit.utf8.count
    let word = String(repeating: unit, count: count)
    let tokenizer = try ToyTokenizer.shared()
    let tokens = tokenizer.encode(word)
    let once = tokenizer.encode(unit)
    #expect(once.count == 1)
    #expect(tokens == Array(repeating: once[0], count: count))
  }
}

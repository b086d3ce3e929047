import TestSupport
import Testing

@testable import GPT2

@Suite struct StopMatcherTests {
  @Test func `text up to a stop string is passed on, as soon as it is certain`() throws {
    var matcher = try StopMatcher(["\n\n", "END"])
    #expect(matcher.append("one\n") == .init(text: "one", stop: nil))
    #expect(matcher.append("two E") == .init(text: "\ntwo ", stop: nil))
    #expect(matcher.append("N") == .init(text: "", stop: nil))
    #expect(matcher.append("EN") == .init(text: "EN", stop: nil))
    #expect(matcher.append("D, and more") == .init(text: "", stop: 1))
    #expect(matcher.append("nothing") == .init(text: "", stop: 1))
    #expect(matcher.finish() == "")
  }

  @Test func `what is held back comes at the end`() throws {
    var matcher = try StopMatcher(["abcabd"])
    #expect(matcher.append("xabcab") == .init(text: "x", stop: nil))
    #expect(matcher.finish() == "abcab")
  }

  @Test func `what ends while nothing may stop is passed on, and what goes on from there is found`() throws {
    var matcher = try StopMatcher(["aba"])
    #expect(matcher.append("xaba", mayStop: false) == .init(text: "xab", stop: nil))
    #expect(matcher.append("bac") == .init(text: "", stop: 0))
    var kept = try StopMatcher(["aba"], keepsStop: true)
    #expect(kept.append("xabac") == .init(text: "xaba", stop: 0))
  }

  @Test func `without stop strings text passes as it is`() throws {
    var matcher = try StopMatcher([])
    #expect(matcher.append("any\u{301} text") == .init(text: "any\u{301} text", stop: nil))
    #expect(matcher.finish() == "")
  }

  @Test func `bytes match, not characters`() throws {
    // é in one scalar and in two are equal as Swift strings.
    var composed = try StopMatcher(["\u{E9}"])
    #expect(composed.append("e\u{301}x").stop == nil)
    // A stop string ends inside what Swift takes for one character.
    var plain = try StopMatcher(["e"])
    #expect(plain.append("xe\u{301}") == .init(text: "x", stop: 0))
    var newline = try StopMatcher(["\n"])
    #expect(newline.append("a\r\nb") == .init(text: "a\r", stop: 0))
  }

  @Test func `characters that share first bytes are not cut in two`() throws {
    var matcher = try StopMatcher(["\u{1F600}\u{1F601}"])
    #expect(matcher.append("a\u{1F600}") == .init(text: "a", stop: nil))
    #expect(matcher.append("\u{1F602}") == .init(text: "\u{1F600}\u{1F602}", stop: nil))
  }

  @Test func `of stop strings that end together the longest counts`() throws {
    var matcher = try StopMatcher(["c", "abc", "bc"])
    #expect(matcher.append("xab") == .init(text: "x", stop: nil))
    #expect(matcher.append("c") == .init(text: "", stop: 1))
  }

  @Test("Any cut into pieces gives what a search in the whole gives", arguments: 0..<200)
  func matchesNaiveSearch(seed: UInt64) throws {
    var source = SeededNumbers(seed)
    // Few letters, some of them of several bytes with common beginnings, so that near misses abound.
    let letters = ["a", "b", "\u{E9}", "\u{EA}", "\u{1F600}"]
    func string(_ length: ClosedRange<Int>) -> String {
      (0..<Int.random(in: length, using: &source)).map { _ in
        letters[Int.random(in: 0..<(seed % 2 == 0 ? 2 : 5), using: &source)]
      }.joined()
    }
    let stops = (0..<Int.random(in: 1...4, using: &source)).map { _ in string(1...7) }
    let text = string(0...80)

    var matcher = try StopMatcher(stops)
    var given = ""
    var stop: Int?
    var rest = Array(text.unicodeScalars)
    while !rest.isEmpty, stop == nil {
      var piece = String.UnicodeScalarView()
      piece.append(contentsOf: rest.prefix(Int.random(in: 0...6, using: &source)))
      rest.removeFirst(piece.count)
      let output = matcher.append(String(piece))
      given += output.text
      stop = output.stop
      if stop == nil {
        // Nothing is held back without need.
        let seen = Array(text.unicodeScalars.dropLast(rest.count).map(String.init).joined().utf8)
        #expect(seen.count - given.utf8.count == naiveWaiting(seen, stops))
      }
    }
    given += matcher.finish()

    let expected = naiveSearch(Array(text.utf8), stops)
    #expect(Array(given.utf8) == Array(text.utf8.prefix(expected.length)))
    #expect(stop == expected.stop)
  }

  /// The first end of a stop string, and of those that end there the longest.
  private func naiveSearch(_ text: [UInt8], _ stops: [String]) -> (length: Int, stop: Int?) {
    for end in 0...text.count {
      let here = stops.indices.filter { text[..<end].reversed().starts(with: stops[$0].utf8.reversed()) }
      if let longest = here.max(by: { stops[$0].utf8.count < stops[$1].utf8.count }) {
        return (end - stops[longest].utf8.count, stops.firstIndex(of: stops[longest]))
      }
    }
    return (text.count, nil)
  }

  /// Length of the longest suffix of the text that begins a stop string.
  private func naiveWaiting(_ text: [UInt8], _ stops: [String]) -> Int {
    (0...text.count).last { length in stops.contains { Array($0.utf8).starts(with: text.suffix(length)) } } ?? 0
  }

  @Test func `stop strings are bounded`() throws {
    #expect(throws: SamplingError.emptyStop(index: 1)) { try StopMatcher(["a", ""]) }
    #expect(throws: SamplingError.tooManyStops(17, limit: 16)) {
      try StopMatcher(Array(repeating: "a", count: 17))
    }
    #expect(throws: SamplingError.stopTooLong(index: 0, bytes: 1025, limit: 1024)) {
      try StopMatcher([String(repeating: "a", count: 1025)])
    }
    _ = try StopMatcher(Array(repeating: String(repeating: "a", count: 1024), count: 16))
  }

  @Test(.timeLimit(.minutes(1))) func `a text that nearly matches everywhere takes linear time`() throws {
    var matcher = try StopMatcher([String(repeating: "a", count: 1000) + "b"])
    var given = 0
    for _ in 0..<2000 { given += matcher.append(String(repeating: "a", count: 100)).text.utf8.count }
    #expect(given == 199_000)
    #expect(matcher.append("b") == .init(text: "", stop: 0))
  }
}

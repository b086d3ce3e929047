import TestSupport
import Testing

@testable import JSON

@Suite("Strings compared and shown exactly")
struct ExactStringTests {
  @Test("tells canonically equivalent strings apart, in sets too")
  func bytewise() {
    #expect("\u{E9}" == "e\u{301}")
    #expect(ExactString("\u{E9}") != ExactString("e\u{301}"))
    #expect(Set(["\u{E9}", "e\u{301}", "K", "\u{212A}", "K"].map(ExactString.init)).count == 4)
  }

  @Test(
    "quotes on one line",
    arguments: [
      ("plain", "\"plain\""), ("", "\"\""), ("a\nb\r\u{1B}[2J", "\"a\\u{a}b\\u{d}\\u{1b}[2J\""),
      ("\u{202E}\u{2028}\u{200B}", "\"\\u{202e}\\u{2028}\\u{200b}\""), ("Ġthe é 😀", "\"Ġthe é 😀\""),
      (String(repeating: "x", count: 101), "\"" + String(repeating: "x", count: 100) + "…\""),
      (String(repeating: "x", count: 100), "\"" + String(repeating: "x", count: 100) + "\""),
    ])
  func quoted(string: String, expected: String) {
    #expect(string.quoted == expected)
    #expect(string.quoted.isOneLine)
  }
}

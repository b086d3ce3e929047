import Foundation
import Testing

@testable import Server

@Suite("API keys")
struct APIKeysTests {
  private func keys(_ text: String) throws -> APIKeys {
    let file = FileManager.default.temporaryDirectory.appending(path: "gpt2-keys-\(UUID().uuidString)")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try APIKeys(file: file.path)
  }

  @Test("are lines of a file, without comments and spaces around them")
  func file() throws {
    let keys = try keys("# ours\n\n  abcdefghijklmnop  \r\nqrstuvwxyz0123456789\n")
    #expect(keys.index(of: "abcdefghijklmnop".utf8) == 0)
    #expect(keys.index(of: "qrstuvwxyz0123456789".utf8) == 1)
    for wrong in ["", "a", "abcdefghijklmnoq", "abcdefghijklmno", "abcdefghijklmnopabcdefghijklmnop", "# ours"] {
      #expect(keys.index(of: wrong.utf8) == nil, "\(wrong)")
    }
  }

  @Test("are refused when there are none, too many, or some that could be guessed")
  func refused() {
    for text in ["", "# only\n", "short\n", String(repeating: "0123456789abcdef\n", count: 1025)] {
      #expect(throws: ServerError.self) { try keys(text) }
    }
    #expect(throws: ServerError.self) { try APIKeys(file: "/nowhere/keys") }
  }

  @Test("do not show up in what is said of a bad file")
  func secret() {
    let error = #expect(throws: ServerError.self) { try keys("0123456789abcdef\nhunter2\n") }
    #expect(error.map { "\($0)".contains("hunter2") } == false)
  }
}

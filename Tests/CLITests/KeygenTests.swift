import Foundation
import Testing

@Suite("gpt2 keygen", .timeLimit(.minutes(1)))
struct KeygenTests {
  @Test("writes a key that only its owner may read, prints its public half, and overwrites nothing")
  func keygen() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "key-\(UUID().uuidString)")
    defer { for end in ["", ".pub"] { try? FileManager.default.removeItem(atPath: file.path + end) } }
    let run = try Program(["keygen", file.path])
    #expect(run.status == 0)
    let secret = try String(contentsOf: file, encoding: .utf8)
    #expect(secret.utf8.count == 41 && run.output.wholeMatch(of: /public key: [!-~]{40}\n/) != nil)
    #expect(!run.output.contains(secret.dropLast()))
    #expect(run.notes.split(separator: "\n").count == 1)
    #expect(!run.notes.contains(secret.dropLast()) && run.notes.contains("chmod 600"))
    #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int == 0o600)
    let lines = try String(contentsOfFile: file.path + ".pub", encoding: .utf8).split(whereSeparator: \.isWhitespace)
    #expect(lines.count == 2 && run.output.contains(lines[0]) && lines[1] == file.lastPathComponent)
    let again = try Program(["keygen", file.path])
    #expect(again.status == 1 && again.output.isEmpty)
    #expect(
      again.notes
        == "gpt2: \(file.path): is there already and is not overwritten; give another name, or remove it first\n")
    #expect(try String(contentsOf: file, encoding: .utf8) == secret)
  }
}

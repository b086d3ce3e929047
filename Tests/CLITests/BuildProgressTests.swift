import Foundation
import Testing

/// `quietly`, which the Makefile builds with.
@Suite("A build's progress", .timeLimit(.minutes(1)))
struct BuildProgressTests {
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../quietly").standardizedFileURL

  private static func build(_ end: String) throws -> (code: Int32, output: String, notes: [String]) {
    let steps = "echo Fetching; for i in 1 2 3; do echo \"[$i/3] Compiling $i.swift\"; done; "
    let run = try RunningProgram(["bash", "-c", steps + end], of: script)
    return (try run.end(), run.output, run.notes)
  }

  @Test("is a few lines where there is no terminal, and nothing of the build's when all is well")
  func success() throws {
    let run = try Self.build("exit 0")
    #expect(run.code == 0 && run.notes.isEmpty)
    #expect(run.output.contains("  built in ") && !run.output.contains("Compiling 1"))
    #expect(run.output.split(separator: "\n").count == 2)
  }

  @Test("shows what went wrong in full, and keeps the exit code")
  func failure() throws {
    let run = try Self.build("echo 'a.swift:1: error: no'; echo '  the line' >&2; exit 7")
    #expect(run.code == 7)
    #expect(run.notes.contains("a.swift:1: error: no") && run.notes.contains("  the line"))
    #expect(run.notes.last?.hasPrefix("failed: bash -c") == true)
    #expect(!run.notes.dropLast().contains { $0.contains("Compiling") })
  }
}

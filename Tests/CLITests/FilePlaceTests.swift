import Foundation
import LibC
import TestSupport
import Testing

@Suite("A pipe, where the program was given a file,", .timeLimit(.minutes(2)))
struct FilePlaceTests {
  private let folder: TemporaryFolder
  private let pipe: String

  init() throws {
    folder = try TemporaryFolder()
    pipe = folder.path("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
  }

  @Test(
    "is waited for aloud, and read when somebody writes",
    arguments: [
      ["generate", "--max-tokens", "2", "--prompts"], ["generate", "--max-tokens", "2", "--token-ids-file"], ["score"],
    ])
  func reading(arguments: [String]) throws {
    let program = try RunningProgram(arguments + [pipe])
    try program.note(with: "pipe: nothing has come yet; waiting")
    let descriptor = open(pipe, O_WRONLY | O_CLOEXEC)
    #expect(write(descriptor, "5,7\n", 4) == 4)
    close(descriptor)
    #expect(try program.end() == 0, "\(program.notes)")
  }

  @Test("is no place for a timeline when nobody reads from it, which is said before the work")
  func unreadTrace() throws {
    let program = try RunningProgram(["generate", "--trace", pipe] + Cluster.question)
    #expect(try program.end() == 1)
    #expect(program.complaints == ["gpt2: \(pipe): cannot write: nobody reads from it; check where it goes to"])
    #expect(program.output.isEmpty)
  }

  @Test("takes a timeline to who reads from it")
  func readTrace() throws {
    let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    let program = try RunningProgram(["generate", "--trace", pipe] + Cluster.question)
    #expect(try program.end() == 0)
    let bytes = FileHandle(fileDescriptor: reader, closeOnDealloc: true).availableData
    #expect(bytes.starts(with: Array("{\"".utf8)))
  }

  @Test(
    "is refused in one line",
    arguments: [
      ["generate", "a", "--model"], ["worker", "--coordinator", "tcp://127.0.0.1:9", "--key"],
      ["worker", "--coordinator", "tcp://127.0.0.1:9", "--cache"], ["embed", "--token-ids", "1", "--output"],
      ["keygen"],
    ])
  func refused(arguments: [String]) throws {
    let program = try RunningProgram(arguments + [pipe])
    #expect(try program.end() == 1)
    #expect(program.complaints.count == 1 && program.complaints[0].contains("\(pipe): "), "\(program.notes)")
  }
}

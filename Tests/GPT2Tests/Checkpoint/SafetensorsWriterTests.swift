import FoundationEssentials
import LibC
import TestSupport
import Testing

@testable import GPT2

@Suite("SafetensorsWriter")
struct SafetensorsWriterTests {
  @Test("writes through no link at its unfinished name") func link() throws {
    let folder = try TemporaryFolder()
    let victim = folder.path("victim")
    let path = folder.path("out.safetensors")
    try folder.write(Array("untouched".utf8), to: "victim")
    #expect(symlink(victim, "\(path).unfinished-\(getpid())") == 0)

    let writer = try SafetensorsWriter(path: path, [.init("x", .f32, [2])])
    try writer.write([1, 2], to: "x", at: 0)
    try writer.finish()

    #expect(FileManager.default.contents(atPath: victim) == Data("untouched".utf8))
    #expect(FileManager.default.contents(atPath: path)!.count > 16)
  }

  @Test("an obstacle at its unfinished name that is no file is an error", .timeLimit(.minutes(1))) func obstacle()
    throws
  {
    let folder = try TemporaryFolder()
    let path = folder.path("out.safetensors")
    try FileManager.default.createDirectory(
      atPath: "\(path).unfinished-\(getpid())", withIntermediateDirectories: false)
    #expect(throws: WriteError.self) { try SafetensorsWriter(path: path, []) }
  }
}

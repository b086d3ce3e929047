import FoundationEssentials
import LibC
import TestSupport
import Testing

@testable import GPT2

@Suite("Checkpoint folder")
struct CheckpointFolderTests {
  private static func expect(
    _ expected: CheckpointError, opening folder: CheckpointFolder, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) { _ = try Checkpoint(folder) }
    #expect(error == expected, sourceLocation: sourceLocation)
    #expect(error?.description.isOneLine == true, sourceLocation: sourceLocation)
  }

  @Test("says when there is no folder, or something else by its name")
  func noFolder() throws {
    let folder = try TemporaryFolder(["model.safetensors": [1], "config.json": [1]])
    let absent = folder.path("absent")
    Self.expect(.folder(absent, .missing), opening: CheckpointFolder(path: absent))
    let file = folder.path("model.safetensors")
    Self.expect(.folder(file, .notAFolder), opening: CheckpointFolder(path: file))
    Self.expect(.folder("\(file)/x", .notAFolder), opening: CheckpointFolder(path: "\(file)/x"))
    #expect(throws: CheckpointError.folder(absent, .missing)) {
      _ = try CheckpointFolder(path: absent).read("vocab.json", limit: 9)
    }
    Self.expect(.folder("", .missing), opening: CheckpointFolder(path: ""))
  }

  @Test(
    "says what is there instead of weights, and what to do with it",
    arguments: [
      ([], .noWeights(found: []), "download"),
      (["config.json", "README.md"], .noWeights(found: []), "download"),
      (["config.json", "pytorch_model.bin"], .noWeights(found: ["pytorch_model.bin"]), "convert"),
      (["tf_model.h5", "flax_model.msgpack"], .noWeights(found: ["flax_model.msgpack", "tf_model.h5"]), "convert"),
      (["gpt2-Q8_0.gguf"], .noWeights(found: ["gpt2-Q8_0.gguf"]), "convert"),
      (["a.bin", "b.bin", "c.bin", "d.bin"], .noWeights(found: ["a.bin", "b.bin", "c.bin", "d.bin"]), "and 1 more"),
      (
        ["model-00001-of-00002.safetensors", "pytorch_model.bin"],
        .shardsWithoutIndex("model-00001-of-00002.safetensors"), "index"
      ),
    ] as [([String], CheckpointError.FolderProblem, String)])
  func noWeights(files: [String], problem: CheckpointError.FolderProblem, advice: String) throws {
    let folder = try TemporaryFolder(Dictionary(uniqueKeysWithValues: files.map { ($0, [1]) }))
    Self.expect(.folder(folder.path, problem), opening: folder.checkpointFolder)
    #expect(problem.description.contains(advice))
    Self.expect(
      .folder("memory", problem), opening: .memory(Dictionary(uniqueKeysWithValues: files.map { ($0, [1]) })))
  }

  @Test("names the file that is missing, empty, too large, or no file", .timeLimit(.minutes(1)))
  func badFiles() throws {
    let toy = ToyCheckpoint()
    for name in ["config.json", "model.safetensors"] {
      let folder = try TemporaryFolder(toy.files)
      let path = folder.path(name)
      try FileManager.default.removeItem(atPath: path)
      if name == "config.json" { Self.expect(.file(path, .missing), opening: folder.checkpointFolder) }
      try folder.write([], to: name)
      Self.expect(.file(path, .empty), opening: folder.checkpointFolder)
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      Self.expect(.file(path, .directory), opening: folder.checkpointFolder)
      try FileManager.default.removeItem(atPath: path)
      // Opening a pipe for reading would wait for somebody to write.
      #expect(mkfifo(path, 0o600) == 0)
      Self.expect(.file(path, .notAFile), opening: folder.checkpointFolder)
    }
    let folder = try TemporaryFolder(toy.files)
    let padding = [UInt8](repeating: UInt8(ascii: " "), count: (1 << 20) + 1)
    try folder.write(padding, to: "config.json")
    Self.expect(
      .file(folder.path("config.json"), .tooLarge(byteCount: (1 << 20) + 1, limit: 1 << 20)),
      opening: folder.checkpointFolder)
    Self.expect(
      .file("memory/config.json", .tooLarge(byteCount: (1 << 20) + 1, limit: 1 << 20)),
      opening: .memory(toy.files.merging(["config.json": padding]) { $1 }))
  }

  @Test("follows links, and names one that leads nowhere")
  func links() throws {
    let toy = ToyCheckpoint()
    let blobs = try TemporaryFolder(toy.files)
    let folder = try TemporaryFolder()
    for name in toy.files.keys {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path(name), withDestinationPath: blobs.path(name))
    }
    _ = try Checkpoint(folder.checkpointFolder)
    try FileManager.default.removeItem(atPath: blobs.path("config.json"))
    Self.expect(.file(folder.path("config.json"), .missing), opening: folder.checkpointFolder)
  }

  // The superuser may read everything, so there is nothing to see as root.
  @Test("says when permission is denied", .enabled(if: mayBeDenied()))
  func permission() throws {
    let folder = try TemporaryFolder(ToyCheckpoint().files)
    for name in ["model.safetensors", "config.json"] {
      #expect(chmod(folder.path(name), 0) == 0)
      Self.expect(.file(folder.path(name), .permissionDenied), opening: folder.checkpointFolder)
    }
    #expect(chmod(folder.path, 0) == 0)
    Self.expect(.file(folder.path("config.json"), .permissionDenied), opening: folder.checkpointFolder)
    #expect(chmod(folder.path, 0o700) == 0)
  }

  private static func mayBeDenied() -> Bool {
    if geteuid() == 0 { print("SKIPPED: \"says when permission is denied\" because root is denied nothing") }
    return geteuid() != 0
  }

  @Test("tells a file that shrinks from one that is written to, after it was opened")
  func changes() throws {
    let toy = ToyCheckpoint()
    let weights = try #require(toy.files["model.safetensors"])
    func open() throws -> (folder: TemporaryFolder, path: String, tensor: StoredTensor) {
      let folder = try TemporaryFolder(toy.files)
      let tensor = try Checkpoint(folder.checkpointFolder).tensor("ln_f.bias", shape: [4])
      #expect(try tensor.bytes(0..<4) == toy.tensors.last?.bytes)
      return (folder, folder.path("model.safetensors"), tensor)
    }
    do {
      // The tensor is the file's last; half of it goes.
      let (folder, path, tensor) = try open()
      #expect(truncate(path, off_t(weights.count - 8)) == 0)
      #expect(throws: CheckpointError.file(path, .shrunk(expected: weights.count, found: weights.count - 8))) {
        _ = try tensor.bytes(0..<4)
      }
      // What is asked for is still there, and no longer to be trusted.
      #expect(throws: CheckpointError.file(path, .shrunk(expected: weights.count, found: weights.count - 8))) {
        _ = try tensor.bytes(0..<1)
      }
      withExtendedLifetime(folder) {}
    }
    do {
      let (folder, path, tensor) = try open()
      #expect(truncate(path, off_t(weights.count + 1)) == 0)
      #expect(throws: CheckpointError.file(path, .changed)) { _ = try tensor.bytes(0..<4) }
      withExtendedLifetime(folder) {}
    }
    do {
      // Clocks of file systems can be coarse; a second is not.
      let (folder, path, tensor) = try open()
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
      #expect(throws: CheckpointError.file(path, .changed)) { _ = try tensor.bytes(0..<4) }
      withExtendedLifetime(folder) {}
    }
    do {
      // Another file under the same name is no matter: the old one is still open.
      let (folder, path, tensor) = try open()
      try FileManager.default.removeItem(atPath: path)
      try folder.write([1], to: "model.safetensors")
      #expect(try tensor.bytes(0..<4) == toy.tensors.last?.bytes)
    }
  }

  @Test("reads small files whole, up to the limit")
  func small() throws {
    let folder = try TemporaryFolder(["a": [1, 2, 3]])
    for folder in [folder.checkpointFolder, .memory(["a": [1, 2, 3]])] {
      #expect(try folder.read("a", limit: 3) == [1, 2, 3])
      #expect(throws: CheckpointError.file("\(folder.name)/a", .tooLarge(byteCount: 3, limit: 2))) {
        _ = try folder.read("a", limit: 2)
      }
      #expect(folder.contains("a"))
      #expect(!folder.contains("b"))
      #expect(throws: CheckpointError.file("\(folder.name)/b", .missing)) { _ = try folder.read("b", limit: 2) }
    }
  }

  @Test("says the system's own words where it has no better ones")
  func systemError() {
    let error = CheckpointError.file("m/config.json", .system(call: "open", code: ENAMETOOLONG))
    #expect(error.description == "m/config.json: open failed: File name too long (errno \(ENAMETOOLONG))")
  }
}

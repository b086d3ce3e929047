@testable import GPT2

extension CheckpointFolder {
  /// Files in memory, named `memory/…` in messages. The memory is never freed: a test's is small.
  static func memory(_ files: [String: [UInt8]]) -> CheckpointFolder {
    CheckpointFolder(
      name: "memory",
      contents: files.mapValues { bytes in
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(copy)
      })
  }
}

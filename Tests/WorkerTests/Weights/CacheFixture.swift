import FoundationEssentials
import GPT2
import TestSupport

@testable import Worker

/// A tensor of 120 bytes, and a folder for caches of it.
final class CacheFixture {
  let folder: TemporaryFolder
  let bytes: [UInt8] = (0..<120).map { UInt8($0) }
  let tensor: ExpectedTensor

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(bytes, to: "original")
    let stored = try StoredTensor(
      name: "h.0.ln_1.bias", elementType: .f32, shape: [30], path: folder.path("original"))
    tensor = ExpectedTensor(
      name: stored.name, elementType: stored.elementType, shape: stored.shape, fingerprint: try stored.fingerprint())
  }

  func cache(_ name: String = "cache") throws -> TensorCache { try TensorCache(folder: folder.path(name)) }

  /// Fetches the tensor; true when what the cache has then is right.
  func fetch(into cache: TensorCache) throws -> Bool {
    let partial = try PartialTensor(tensor, in: cache)
    try partial.append(Array(bytes[partial.byteCount...]))
    guard try partial.finish() != nil else { return false }
    return try isRight(in: cache)
  }

  func isRight(in cache: TensorCache) throws -> Bool {
    try cache.tensor(tensor)?.read(bytes: 0..<120) == bytes
  }

  func files(_ name: String = "cache") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).sorted()
  }
}

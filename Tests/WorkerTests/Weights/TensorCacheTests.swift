import FoundationEssentials
import GPT2
import LibC
import Platform
import TestSupport
import Testing

@testable import Worker

@Suite("Tensor cache", .timeLimit(.minutes(1)))
struct TensorCacheTests {
  private let folder: TemporaryFolder
  private let cache: TensorCache
  private let bytes: [UInt8] = (0..<120).map { UInt8($0) }
  private let tensor: ExpectedTensor

  init() throws {
    folder = try TemporaryFolder()
    cache = try TensorCache(folder: folder.path("cache"))
    try folder.write(bytes, to: "original")
    let stored = try StoredTensor(
      name: "h.0.ln_1.bias", elementType: .f32, shape: [30], path: folder.path("original"))
    tensor = ExpectedTensor(
      name: stored.name, elementType: stored.elementType, shape: stored.shape, fingerprint: try stored.fingerprint())
  }

  private var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: cache.name).sorted() }
  }

  @Test("has a tensor once its bytes have come, in however many parts", arguments: [1, 7, 120])
  func fetched(part: Int) throws {
    #expect(try cache.tensor(tensor) == nil)
    let partial = try PartialTensor(tensor, in: cache)
    for start in stride(from: 0, to: 120, by: part) {
      #expect(partial.byteCount == start)
      try partial.append(Array(bytes[start..<min(start + part, 120)]))
    }
    let stored = try #require(try partial.finish())
    #expect(try stored.read(bytes: 0..<120) == bytes)
    #expect(try files == ["\(tensor.fingerprint).tensor"])
    #expect(try cache.tensor(tensor)?.read(bytes: 0..<120) == bytes)
  }

  @Test("goes on with what is left of an earlier fetch")
  func resumed() throws {
    do { try PartialTensor(tensor, in: cache).append(Array(bytes[..<50])) }
    let partial = try PartialTensor(tensor, in: cache)
    #expect(partial.byteCount == 50)
    try partial.append(Array(bytes[50...]))
    #expect(try partial.finish() != nil)
  }

  @Test("begins anew with a partial file that is longer than the tensor")
  func tooLong() throws {
    try folder.write(Array(repeating: 1, count: 121), to: "cache/\(tensor.fingerprint).partial")
    #expect(try PartialTensor(tensor, in: cache).byteCount == 0)
  }

  @Test("does not take wrong bytes, and begins them anew")
  func wrongBytes() throws {
    let partial = try PartialTensor(tensor, in: cache)
    try partial.append(Array(bytes.reversed()))
    #expect(try partial.finish() == nil)
    #expect(partial.byteCount == 0)
    #expect(try cache.tensor(tensor) == nil)
    try partial.append(bytes)
    #expect(try partial.finish() != nil)
  }

  @Test("removes a file that is not its tensor", arguments: [0, 60, 120, 240])
  func damaged(byteCount: Int) throws {
    let name = "\(tensor.fingerprint).tensor"
    try folder.write(Array(repeating: 9, count: byteCount), to: "cache/\(name)")
    #expect(try cache.tensor(tensor) == nil)
    #expect(try files == [])
    try folder.write(Array(repeating: 9, count: byteCount), to: "cache/\(name)")
    #expect(try cache.tensors([tensor], pool: ThreadPool(threadCount: 2), progress: {}).allSatisfy { $0 == nil })
    #expect(try files == [])
  }

  @Test("lets two workers fetch one tensor at once, each into a file of its own, and leaves nothing behind")
  func shared() throws {
    let first = try PartialTensor(tensor, in: cache)
    let second = try PartialTensor(tensor, in: cache)
    try first.append(Array(bytes[..<60]))
    try second.append(Array(bytes[..<100]))
    #expect(try files.count == 2)
    try first.append(Array(bytes[60...]))
    #expect(try first.finish() != nil)
    #expect(try files == ["\(tensor.fingerprint).1.partial", "\(tensor.fingerprint).tensor"])
    try second.append(Array(bytes[100...]))
    let stored = try #require(try second.finish())
    #expect(try stored.read(bytes: 0..<120) == bytes)
    #expect(try files == ["\(tensor.fingerprint).tensor"])
  }

  @Test("does not write into a file that its holder finishes between opening and locking")
  func finishedMeanwhile() throws {
    var first: PartialTensor? = try PartialTensor(tensor, in: cache)
    try first?.append(bytes)
    let path = cache.partialPaths(of: tensor)[0]
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    #expect(PartialTensor.lock(descriptor, at: path) == .failed(code: EWOULDBLOCK))
    _ = try first?.finish()
    first = nil
    #expect(PartialTensor.lock(descriptor, at: path) == .renamed)
    try folder.write([1], to: "cache/\(tensor.fingerprint).partial")
    #expect(PartialTensor.lock(descriptor, at: path) == .renamed)
  }

  @Test("clears away what a worker that was killed has left of a tensor that is there now")
  func leftovers() throws {
    do {
      let first = try PartialTensor(tensor, in: cache)
      try PartialTensor(tensor, in: cache).append([1, 2])
      try first.append(bytes)
      _ = try first.finish()
    }
    #expect(try files == ["\(tensor.fingerprint).tensor"])
  }

  @Test("says so when too many fetch the same tensor")
  func busy() throws {
    let held = try (0..<8).map { _ in try PartialTensor(tensor, in: cache) }
    #expect(throws: WeightsError.busy(path: cache.path(of: tensor))) { try PartialTensor(tensor, in: cache) }
    withExtendedLifetime(held) {}
  }

  @Test("refuses a folder that is none", arguments: ["original", "original/below", "original/below/deep"])
  func noFolder(name: String) throws {
    let error = #expect(throws: WeightsError.self) { try TensorCache(folder: folder.path(name)) }
    #expect(
      error?.description == "\(folder.path(name)): Not a directory; give another folder with --cache DIR")
  }

  @Test("refuses a folder that cannot be made", .enabled(if: FileManager.default.fileExists(atPath: "/sys/kernel")))
  func unmade() throws {
    let error = #expect(throws: WeightsError.self) { try TensorCache(folder: "/sys/gpt2-cluster/deeper") }
    #expect(error?.description.contains("/sys/gpt2-cluster/deeper: may not be written") == true)
  }

  @Test("makes its folder and those above it, and takes one that is there")
  func made() throws {
    for path in ["deep/er/still", "deep/er/still", "deep/er/", "deep//slashes"] {
      let cache = try TensorCache(folder: folder.path(path))
      try PartialTensor(tensor, in: cache).append([1])
    }
  }
}

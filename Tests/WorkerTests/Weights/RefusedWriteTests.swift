import FoundationEssentials
import GPT2
import LibC
import TestSupport
import Testing

@testable import Worker

#if os(Linux)
  /// A small file system of its own, for as long as this is.
  final class SmallFileSystem {
    let path: String
    /// Stays until the file system is gone from it.
    private let folder: TemporaryFolder

    static var isPossible: Bool {
      guard (try? SmallFileSystem(in: TemporaryFolder())) != nil else {
        print("skipped: what needs a file system of its own; only root can mount one")
        return false
      }
      return true
    }

    init(in folder: TemporaryFolder) throws {
      self.folder = folder
      path = folder.path("mounted")
      mkdir(path, 0o700)
      guard mount("gpt2-test", path, "tmpfs", 0, "size=64k") == 0 else { throw POSIXError(.EPERM) }
    }

    func makeReadOnly() throws {
      let flags = UInt(MS_REMOUNT | MS_RDONLY)
      guard mount("gpt2-test", path, "tmpfs", flags, "size=64k") == 0 else { throw POSIXError(.EPERM) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
  }

  @Suite("A cache that may not be written", .timeLimit(.minutes(1)), .enabled(if: SmallFileSystem.isPossible))
  struct ReadOnlyCacheTests {
    private let fixture: CacheFixture
    private let fileSystem: SmallFileSystem

    init() throws {
      fixture = try CacheFixture()
      fileSystem = try SmallFileSystem(in: fixture.folder)
    }

    private func full(_ environment: [String: String] = [:]) throws -> TensorCache {
      let path = fileSystem.path + "/gpt2-cluster"
      _ = try fixture.fetch(into: TensorCache(folder: path))
      try fileSystem.makeReadOnly()
      return try TensorCache(folder: path)
    }

    @Test("serves what is in it")
    func serves() throws {
      #expect(try fixture.isRight(in: full()))
    }

    @Test("is an error only when something has to be written, by its name")
    func missing() throws {
      try fileSystem.makeReadOnly()
      let cache = try TensorCache(folder: fileSystem.path)
      #expect(try cache.tensor(fixture.tensor) == nil)
      let error = #expect(throws: WeightsError.self) { try PartialTensor(fixture.tensor, in: cache) }
      #expect(error == .cache(path: cache.partialPaths(of: fixture.tensor)[0], code: EROFS))
      #expect(error?.description.contains("may not be written (Read-only file system)") == true)
    }

    @Test("is an error when what is in it is damaged", arguments: [60, 120])
    func damaged(byteCount: Int) throws {
      let path = "mounted/\(fixture.tensor.fingerprint).tensor"
      try fixture.folder.write(Array(repeating: 9, count: byteCount), to: path)
      try fileSystem.makeReadOnly()
      let cache = try TensorCache(folder: fileSystem.path)
      #expect(throws: WeightsError.irreplaceable(path: fixture.folder.path(path), code: EROFS)) {
        try cache.tensor(fixture.tensor)
      }
    }

    @Test("and that nobody asked for, serves what is in it, and keeps the rest elsewhere", arguments: [true, false])
    func standard(isDamaged: Bool) throws {
      let cache = try full()
      if isDamaged {
        try #require(mount("gpt2-test", fileSystem.path, "tmpfs", UInt(MS_REMOUNT), "size=64k") == 0)
        try fixture.folder.write([1], to: "mounted/gpt2-cluster/\(fixture.tensor.fingerprint).tensor")
        try fileSystem.makeReadOnly()
      }
      let (standard, reason) = TensorCache.standard(
        in: ["XDG_CACHE_HOME": fileSystem.path, "TMPDIR": fixture.folder.path])
      #expect(reason == .cache(path: cache.name, code: EROFS))
      #expect(try fixture.isRight(in: standard) == !isDamaged)
      #expect(try fixture.fetch(into: standard))
      #expect(try fixture.files("") == ["mounted", "original"])
    }

    @Test("any further says that no space is left")
    func noSpace() throws {
      let cache = try TensorCache(folder: fileSystem.path)
      let partial = try PartialTensor(fixture.tensor, in: cache)
      let error = #expect(throws: WeightsError.self) {
        for _ in 0..<10 { try partial.append(Array(repeating: 1, count: 16384)) }
      }
      #expect(
        error?.description
          == "\(cache.partialPaths(of: fixture.tensor)[0]): no space is left; free some, or give another folder with"
          + " --cache DIR")
    }
  }
#endif

@Suite("A tensor that is larger than a file may be", .timeLimit(.minutes(1)))
struct FileSizeTests {
  /// In a process of its own, as limits belong to the process.
  @Test("is an error")
  func limit() async {
    await #expect(processExitsWith: .success) {
      let fixture = try CacheFixture()
      signal(SIGXFSZ, SIG_IGN)
      #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
      #else
        let resource = RLIMIT_FSIZE
      #endif
      var limit = rlimit(rlim_cur: 50, rlim_max: 50)
      guard setrlimit(resource, &limit) == 0 else { exit(2) }
      for cache in [try fixture.cache(), TensorCache.standard(in: ["TMPDIR": fixture.folder.path]).cache] {
        do {
          try PartialTensor(fixture.tensor, in: cache).append(fixture.bytes)
          exit(3)
        } catch WeightsError.cache(let path, code: EFBIG) {
          guard "\(WeightsError.cache(path: path, code: EFBIG))".contains("(ulimit -f)") else { exit(4) }
        }
      }
      // What fitted is used when the limit is gone.
      guard try PartialTensor(fixture.tensor, in: fixture.cache()).byteCount == 50 else { exit(5) }
    }
  }
}

import FoundationEssentials
import GPT2
import LibC
import Platform
import TestSupport
import Testing

@testable import Worker

/// What may stand where a file of the cache belongs.
enum Obstacle: String, CaseIterable {
  case folder, pipe, socket, device, danglingLink, linkToFolder, linkToPipe, linkToItself

  func put(at path: String, in folder: TemporaryFolder) throws {
    let target = folder.path("target")
    switch self {
    case .folder: try #require(mkdir(path, 0o755) == 0)
    case .pipe: try #require(mkfifo(path, 0o644) == 0)
    case .socket: try #require(makeSocket(path))
    case .device: try #require(mknod(path, S_IFCHR | 0o666, 0x103) == 0, "needs root")  // /dev/null
    case .danglingLink: try #require(symlink(target, path) == 0)
    case .linkToFolder:
      try #require(mkdir(target, 0o755) == 0)
      try folder.write([1], to: "target/precious")
      try #require(symlink(target, path) == 0)
    case .linkToPipe:
      try #require(mkfifo(target, 0o644) == 0)
      try #require(symlink(target, path) == 0)
    case .linkToItself: try #require(symlink(path, path) == 0)
    }
  }

  /// Those that this user can make.
  static var possible: [Obstacle] {
    if geteuid() == 0 { return allCases }
    print("skipped: a device in a tensor's place; only root can make one")
    return allCases.filter { $0 != .device }
  }

  private func makeSocket(_ path: String) -> Bool {
    #if os(Linux)
      // Without the trouble of binding one.
      mknod(path, S_IFSOCK | 0o600, 0) == 0
    #else
      mkfifo(path, 0o600) == 0
    #endif
  }
}

@Suite("What is no file, in the place of a tensor", .timeLimit(.minutes(1)))
struct ObstacleTests {
  private let fixture: CacheFixture
  private let cache: TensorCache

  init() throws {
    fixture = try CacheFixture()
    cache = try fixture.cache()
  }

  /// What a link led to is as it was.
  private func checkTarget(of obstacle: Obstacle) {
    var status = stat()
    switch obstacle {
    case .linkToFolder: #expect(FileManager.default.fileExists(atPath: fixture.folder.path("target/precious")))
    case .linkToPipe: #expect(stat(fixture.folder.path("target"), &status) == 0)
    default: #expect(stat(fixture.folder.path("target"), &status) == -1)
    }
  }

  @Test("is replaced", arguments: Obstacle.possible)
  func tensor(obstacle: Obstacle) throws {
    try obstacle.put(at: cache.path(of: fixture.tensor), in: fixture.folder)
    #expect(
      try cache.tensors([fixture.tensor], pool: ThreadPool(threadCount: 1), progress: {}).allSatisfy { $0 == nil })
    #expect(try cache.tensor(fixture.tensor) == nil)
    #expect(try fixture.fetch(into: cache))
    #expect(try fixture.files() == ["\(fixture.tensor.fingerprint).tensor"])
    checkTarget(of: obstacle)
  }

  @Test("or of what is there of one, is replaced", arguments: Obstacle.possible)
  func partial(obstacle: Obstacle) throws {
    try obstacle.put(at: cache.partialPaths(of: fixture.tensor)[0], in: fixture.folder)
    #expect(try fixture.fetch(into: cache))
    #expect(try fixture.files() == ["\(fixture.tensor.fingerprint).tensor"])
    checkTarget(of: obstacle)
  }

  @Test("or of what others have of one, stays and does not matter", arguments: Obstacle.possible)
  func others(obstacle: Obstacle) throws {
    let path = cache.partialPaths(of: fixture.tensor)[1]
    try obstacle.put(at: path, in: fixture.folder)
    #expect(try fixture.fetch(into: cache))
    checkTarget(of: obstacle)
  }

  @Test("and is a folder with something in it, is left alone and named")
  func fullFolder() throws {
    let path = cache.path(of: fixture.tensor)
    try #require(mkdir(path, 0o755) == 0)
    try fixture.folder.write([1], to: "cache/\(fixture.tensor.fingerprint).tensor/precious")
    let error = #expect(throws: WeightsError.self) { try cache.tensor(fixture.tensor) }
    #expect(error == .irreplaceable(path: path, code: ENOTEMPTY))
    #expect(error?.description.contains("\(path): is not the tensor that belongs there, and cannot be removed") == true)
    #expect(FileManager.default.fileExists(atPath: "\(path)/precious"))
  }

  @Test("or of what is there of one, and is a folder with something in it, is passed over")
  func fullFolderOfPartial() throws {
    let path = cache.partialPaths(of: fixture.tensor)[0]
    try #require(mkdir(path, 0o755) == 0)
    try fixture.folder.write([1], to: "cache/\(fixture.tensor.fingerprint).partial/precious")
    #expect(try fixture.fetch(into: cache))
    #expect(FileManager.default.fileExists(atPath: "\(path)/precious"))
  }

  @Test("does not matter when it is a link to the tensor")
  func link() throws {
    try #require(symlink(fixture.folder.path("original"), cache.path(of: fixture.tensor)) == 0)
    #expect(try fixture.isRight(in: cache))
  }
}

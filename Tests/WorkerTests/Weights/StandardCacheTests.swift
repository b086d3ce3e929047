import FoundationEssentials
import GPT2
import LibC
import TestSupport
import Testing

@testable import Worker

@Suite("The cache of a worker that was told of none", .timeLimit(.minutes(1)))
struct StandardCacheTests {
  private let fixture: CacheFixture

  init() throws { fixture = try CacheFixture() }

  @Test("stands where XDG says, or else below the home folder, which it makes not")
  func defaultFolder() throws {
    let home = fixture.folder.path
    #expect(try TensorCache.defaultFolder(in: ["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/gpt2-cluster")
    #expect(try TensorCache.defaultFolder(in: ["XDG_CACHE_HOME": "x", "HOME": home]) == "\(home)/.cache/gpt2-cluster")
    #expect(try TensorCache.defaultFolder(in: ["HOME": home]) == "\(home)/.cache/gpt2-cluster")
    for environment in [[:], ["HOME": ""], ["XDG_CACHE_HOME": ""]] {
      #expect(throws: WeightsError.noCacheFolder) { try TensorCache.defaultFolder(in: environment) }
    }
    let (cache, reason) = TensorCache.standard(in: ["HOME": home])
    #expect(reason == nil)
    #expect(try fixture.fetch(into: cache))
    #expect(try fixture.files(".cache/gpt2-cluster").count == 1)
  }

  @Test(
    "keeps what is sent as long as it is used, and says why, when it has no place",
    arguments: [[:], ["HOME": "/nonexistent"], ["HOME": "/dev/null"], ["XDG_CACHE_HOME": "/dev/null"]])
  func none(environment: [String: String]) throws {
    let environment = environment.merging(["TMPDIR": fixture.folder.path]) { $1 }
    let (cache, reason) = TensorCache.standard(in: environment)
    #expect(reason != nil && reason?.description.contains("\n") == false)
    #expect(try cache.tensor(fixture.tensor) == nil)
    #expect(try fixture.fetch(into: cache))
    // A second slice, of another plan.
    #expect(try fixture.isRight(in: cache))
    #expect(try fixture.files("") == ["original"])
    #expect(!FileManager.default.fileExists(atPath: "/nonexistent"))
  }

  @Test("begins a tensor anew that came wrong into a file without a name")
  func wrong() throws {
    let (cache, _) = TensorCache.standard(in: ["TMPDIR": fixture.folder.path])
    let partial = try PartialTensor(fixture.tensor, in: cache)
    try partial.append(fixture.bytes.reversed())
    #expect(try partial.finish() == nil)
    try partial.append(fixture.bytes)
    #expect(try partial.finish() != nil)
    #expect(try fixture.isRight(in: cache))
  }

  @Test("closes its files when it goes away")
  func descriptors() throws {
    var paths: [String] = []
    do {
      let (cache, _) = TensorCache.standard(in: ["TMPDIR": fixture.folder.path])
      #expect(try fixture.fetch(into: cache))
      paths.append(try #require(try cache.tensor(fixture.tensor)?.file))
    }
    let target = paths.first.flatMap { try? FileManager.default.destinationOfSymbolicLink(atPath: $0) }
    #expect(target?.hasPrefix(fixture.folder.path) != true)
  }

  @Test("says so when there is no place for files without a name either")
  func nowhere() throws {
    let (cache, _) = TensorCache.standard(in: ["TMPDIR": "/nonexistent"])
    let error = #expect(throws: WeightsError.self) { try PartialTensor(fixture.tensor, in: cache) }
    #expect(error == .cache(path: "/nonexistent", code: ENOENT))
  }
}

import FoundationEssentials
import GPT2
import Pipeline
import Platform
import TestSupport
import Testing

@testable import Coordinator
@testable import Worker

@Suite("Weights from coordinator to worker", .timeLimit(.minutes(1)))
struct WeightsTests {
  @Test(
    "come whole and load to the same bits as from the files; the next start sends nothing",
    arguments: StoredTensor.ElementType.allCases)
  func roundTrip(type: StoredTensor.ElementType) throws {
    let fixture = try WeightsFixture(type: type)
    let expected = try fixture.output(fixture.checkpoint)
    let first = try fixture.slice()
    try fixture.transfer(first)
    #expect(first.isComplete)
    #expect(try fixture.output(first.checkpoint()) == expected)
    #expect([first.bytesRead, first.bytesReceived, first.bytesCached] == [0, fixture.byteCount, 0])

    let second = try fixture.slice()
    #expect(try second.wanted() == nil)
    #expect(second.isComplete)
    #expect(try fixture.output(second.checkpoint()) == expected)
    #expect([second.bytesRead, second.bytesReceived, second.bytesCached] == [0, 0, fixture.byteCount])
    let files = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path("cache"))
    #expect(files.count == 24 && files.allSatisfy { $0.hasSuffix(".tensor") })
  }

  @Test("go on where the link broke, and no byte comes twice", arguments: [1, 2, 3, 7, 10, 17])
  func resumed(pieces: Int) throws {
    let fixture = try WeightsFixture()
    var received = 0
    var links = 0
    while true {
      let slice = try fixture.slice()
      try fixture.transfer(slice, limit: pieces)
      received += slice.bytesReceived
      links += 1
      if slice.isComplete {
        #expect(slice.bytesReceived + slice.bytesCached == fixture.byteCount)
        #expect(try fixture.output(slice.checkpoint()) == fixture.output(fixture.checkpoint))
        break
      }
      try #require(slice.bytesReceived > 0)
    }
    #expect(received == fixture.byteCount)
    #expect(links > 1)
  }

  @Test("are asked for once more when they come with other bytes than announced", arguments: [0, 8, 23])
  func corruptedPiece(tensor: Int) throws {
    let fixture = try WeightsFixture()
    let slice = try fixture.slice()
    var isFirst = true
    try fixture.transfer(slice) { piece in
      guard piece.tensor == tensor, isFirst else { return }
      piece.bytes[piece.bytes.count / 2] ^= 0x10
      isFirst = false
    }
    #expect(!isFirst && slice.isComplete)
    #expect(slice.bytesReceived == fixture.byteCount + fixture.tensors[tensor].byteCount)
    #expect(try fixture.output(slice.checkpoint()) == fixture.output(fixture.checkpoint))
  }

  @Test("are refused by name when they come wrong twice")
  func corruptedTwice() throws {
    let fixture = try WeightsFixture()
    let slice = try fixture.slice()
    #expect(throws: WeightsError.damaged(tensor: "h.1.mlp.c_fc.bias")) {
      try fixture.transfer(slice) { if $0.tensor == 9 { $0.bytes[0] ^= 1 } }
    }
    #expect(try !FileManager.default.fileExists(atPath: fixture.folder.path(fixture.path(9))))
  }

  @Test(
    "that are damaged in the cache are fetched again, and only those", arguments: ["flipped", "short", "long", "empty"])
  func corruptedCache(damage: String) throws {
    let fixture = try WeightsFixture()
    try fixture.transfer(fixture.slice())
    for tensor in [2, 15] {
      var bytes = try fixture.tensors[tensor].read(bytes: 0..<fixture.tensors[tensor].byteCount)
      switch damage {
      case "flipped": bytes[bytes.count - 1] ^= 1
      case "short": bytes.removeLast()
      case "long": bytes.append(0)
      default: bytes = []
      }
      try fixture.folder.write(bytes, to: fixture.path(tensor))
    }
    let slice = try fixture.slice()
    try fixture.transfer(slice)
    #expect(slice.isComplete)
    #expect(slice.bytesReceived == fixture.tensors[2].byteCount + fixture.tensors[15].byteCount)
    #expect(slice.bytesCached + slice.bytesReceived == fixture.byteCount)
    #expect(try fixture.output(slice.checkpoint()) == fixture.output(fixture.checkpoint))
  }

  @Test("whose first bytes were left wrong by an earlier fetch are fetched again from the first")
  func corruptedPartial() throws {
    let fixture = try WeightsFixture()
    _ = try fixture.cache()
    let count = fixture.tensors[8].byteCount
    try fixture.folder.write(Array(repeating: 3, count: count - 5), to: fixture.path(8, "partial"))
    // One that came whole, right or wrong, before its worker was killed.
    try fixture.folder.write(fixture.tensors[10].read(bytes: 0..<count), to: fixture.path(10, "partial"))
    try fixture.folder.write(Array(repeating: 3, count: count), to: fixture.path(20, "partial"))
    let slice = try fixture.slice()
    try fixture.transfer(slice)
    #expect(slice.isComplete)
    #expect(slice.bytesReceived == fixture.byteCount - count + 5)
    #expect(slice.bytesCached == count)
    #expect(try fixture.output(slice.checkpoint()) == fixture.output(fixture.checkpoint))
  }

  @Test("come to two workers of one folder in any mixture, each whole and right", arguments: 0..<6)
  func sharedFolder(seed: Int) throws {
    let fixture = try WeightsFixture()
    let slices = [try fixture.slice(), try fixture.slice()]
    var onTheirWay: [[Piece]] = [[], []]
    var state = UInt64(seed)
    while !slices.allSatisfy(\.isComplete) {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // The more uneven the seed, the further one is ahead of the other.
      let turn = Int(state >> 33) % 6 < seed ? 0 : 1
      while let wanted = try slices[turn].wanted() {
        onTheirWay[turn] += try fixture.server.pieces(wanted, of: WeightsFixture.layers)
      }
      if !onTheirWay[turn].isEmpty { try slices[turn].accept(onTheirWay[turn].removeFirst()) }
      if slices[turn].isComplete, !slices[1 - turn].isComplete {
        try fixture.transfer(slices[1 - turn], onTheirWay[1 - turn])
      }
    }
    let expected = try fixture.output(fixture.checkpoint)
    for slice in slices { #expect(try fixture.output(slice.checkpoint()) == expected) }
    let files = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path("cache"))
    #expect(files.count == 24 && files.allSatisfy { $0.hasSuffix(".tensor") })
  }

  @Test("that another worker of the folder has fetched meanwhile are not fetched again")
  func fetchedMeanwhile() throws {
    let fixture = try WeightsFixture()
    let (first, second) = (try fixture.slice(), try fixture.slice())
    try fixture.transfer(first)
    try fixture.transfer(second)
    #expect(second.isComplete && second.bytesReceived == 0 && second.bytesCached == fixture.byteCount)
    #expect(try second.checkpoint().fingerprint(of: [.block(2)]) == fixture.checkpoint.fingerprint(of: [.block(2)]))
  }

  @Test("come to many workers of one folder at the same time")
  func concurrently() async throws {
    let fixture = try WeightsFixture()
    let (assignment, configuration) = (try fixture.assignment(), fixture.configuration)
    let (server, folder) = (fixture.server, fixture.folder.path("cache"))
    let fingerprints = try await withThrowingTaskGroup(of: Fingerprint.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let cache = try TensorCache(folder: folder)
          let slice = try AssignedSlice(
            assignment, of: configuration, from: .cache(cache), pool: ThreadPool(threadCount: 1))
          var pieces: [Piece] = []
          while true {
            while let wanted = try slice.wanted() { pieces += try server.pieces(wanted, of: WeightsFixture.layers) }
            if pieces.isEmpty { break }
            try slice.accept(pieces.removeFirst())
            await Task.yield()
          }
          return try slice.checkpoint().fingerprint(of: WeightsFixture.layers.map(ModelPart.block))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let expected = try fixture.checkpoint.fingerprint(of: WeightsFixture.layers.map(ModelPart.block))
    #expect(fingerprints == Array(repeating: expected, count: 6))
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(files.count == 24 && files.allSatisfy { $0.hasSuffix(".tensor") })
  }

  @Test("leave no descriptor open, whether they came or not")
  func descriptors() throws {
    let fixture = try WeightsFixture()
    let folder = fixture.folder.path("cache")
    for limit in [1, 5, .max, .max] {
      try fixture.transfer(fixture.slice(), limit: limit)
      let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
      let targets = open.compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
      }
      #expect(targets.filter { $0.hasPrefix(folder) } == [])
    }
  }
}

extension WeightsFixture {
  /// Finishes a slice some of whose pieces are on their way.
  func transfer(_ slice: AssignedSlice, _ onTheirWay: [Piece]) throws {
    for piece in onTheirWay { try slice.accept(piece) }
    try transfer(slice)
  }
}

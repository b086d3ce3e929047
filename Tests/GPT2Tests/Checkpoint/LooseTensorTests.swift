import FoundationEssentials
import Platform
import TestSupport
import Testing

@testable import GPT2

@Suite("A checkpoint of loose tensors")
struct LooseTensorTests {
  private let folder: TemporaryFolder
  private let whole: Checkpoint

  init() throws {
    folder = try TemporaryFolder()
    whole = try RandomModels.odd.get()
  }

  /// The tensors of blocks, each in a file of its own.
  private func loose(_ layers: Range<Int>) throws -> [StoredTensor] {
    try layers.flatMap { whole.tensors(of: .block($0)) }.map { tensor in
      try folder.write(tensor.read(bytes: 0..<tensor.byteCount), to: tensor.name)
      return try StoredTensor(
        name: tensor.name, elementType: tensor.elementType, shape: tensor.shape, path: folder.path(tensor.name))
    }
  }

  private func checkpoint(_ tensors: [StoredTensor]) throws(CheckpointError) -> Checkpoint {
    try Checkpoint(name: "cache", configuration: whole.configuration, tensors: tensors)
  }

  @Test("loads a stage of the same bits as the whole, and says after every tensor that it did", arguments: [1, 2])
  func sameBits(threads: Int) throws {
    let slice = try checkpoint(try loose(1..<3))
    let pool = ThreadPool(threadCount: threads)
    var rows = SeededNumbers(5)
    let input = rows.floats(40 * whole.configuration.width)
    var progress = 0
    let stage = try Stage(
      slice, layers: 1..<3, slotCount: 1, kernels: .portable, pool: pool, progress: { progress += 1 })
    #expect(progress == 24)
    let expected = try Stage(whole, layers: 1..<3, slotCount: 1, kernels: .portable, pool: pool)
    #expect(
      BitDifference(
        try stage.run(input, width: whole.configuration.width, [40]),
        try expected.run(input, width: whole.configuration.width, [40])) == nil)
    #expect(slice.byteCount(of: [.block(1), .block(2)]) == whole.byteCount(of: [.block(1), .block(2)]))
    #expect(try slice.fingerprint(of: [.block(2)]) == whole.fingerprint(of: [.block(2)]))
  }

  @Test("holds no descriptor", .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/fd")))
  func descriptors() throws {
    let tensors = try loose(0..<3)
    func open() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
      }.filter { $0.hasPrefix(folder.path) }
    }
    let source = try ByteSource(path: tensors[0].file)
    #expect(try open() == [source.name])
  }

  @Test("has nothing but what it was given")
  func absent() async throws {
    let slice = try checkpoint(try loose(1..<2))
    #expect(throws: CheckpointError.tensor("h.0.ln_1.bias", file: "cache", .missing)) {
      _ = try slice.tensor("h.0.ln_1.bias", shape: [21])
    }
    #expect(throws: CheckpointError.tensor("h.2.ln_1.weight", file: "cache", .missing)) {
      _ = try Stage(slice, layers: 1..<3, slotCount: 1, kernels: .portable, pool: ThreadPool(threadCount: 1))
    }
    await #expect(processExitsWith: .failure) {
      let slice = try Checkpoint(name: "cache", configuration: try RandomModels.odd.get().configuration, tensors: [])
      _ = slice.tensors(of: .block(0))
    }
  }

  @Test("refuses tensors that are none of the model's, or come twice")
  func refusals() throws {
    let tensors = try loose(0..<1)
    let file = tensors[0].file
    #expect(
      throws: CheckpointError.tensor(
        "h.0.ln_1.weight", file: file,
        .duplicate(names: ["h.0.ln_1.weight", "h.0.ln_1.weight"], otherFile: file))
    ) { try checkpoint(tensors + [tensors[0]]) }
    func renamed(_ name: String, _ shape: [Int]) throws -> StoredTensor {
      try StoredTensor(name: name, elementType: .f32, shape: shape, path: file)
    }
    #expect(throws: CheckpointError.tensor("h.3.ln_1.weight", file: file, .unknown(layerCount: 3))) {
      try checkpoint([try renamed("h.3.ln_1.weight", [21])])
    }
    #expect(
      throws: CheckpointError.tensor("h.0.ln_1.weight", file: file, .wrongShape(found: [3, 7], expected: [21]))
    ) { try checkpoint([try renamed("h.0.ln_1.weight", [3, 7])]) }
  }

  @Test("refuses a file that has not exactly the tensor's bytes", arguments: [0, 83, 85])
  func wrongSize(byteCount: Int) throws {
    try folder.write(Array(repeating: 0, count: byteCount), to: "raw")
    let path = folder.path("raw")
    #expect(throws: CheckpointError.file(path, .wrongSize(found: byteCount, expected: 84))) {
      try StoredTensor(name: "h.0.ln_1.weight", elementType: .f32, shape: [21], path: path)
    }
  }

  @Test("notices that a file is gone or has another size, and takes one in its place that has the same")
  func replaced() throws {
    let tensor = try loose(0..<1)[0]
    try folder.write(Array(repeating: 7, count: 84), to: tensor.name)
    #expect(try tensor.read(bytes: 0..<84) == Array(repeating: 7, count: 84))
    try folder.write(Array(repeating: 7, count: 88), to: tensor.name)
    #expect(throws: CheckpointError.file(tensor.file, .changed)) { try tensor.read(bytes: 0..<84) }
    try FileManager.default.removeItem(atPath: tensor.file)
    #expect(throws: CheckpointError.file(tensor.file, .missing)) { try tensor.read(bytes: 0..<84) }
  }

  @Test("gives any bytes of a tensor as they are stored")
  func bytes() throws {
    for tensor in [try loose(0..<1)[2], whole.tensors(of: .block(0))[2]] {
      let all = try tensor.read(bytes: 0..<tensor.byteCount)
      #expect(all.count == 21 * 63 * 4)
      for range in [0..<0, 0..<1, 3..<10, 83..<84, 4000..<5292, 5292..<5292] {
        #expect(try tensor.read(bytes: range) == Array(all[range]))
      }
    }
  }

  @Test("hashes many tensors on many threads as one by one", arguments: [1, 3, 40])
  func fingerprints(threads: Int) throws {
    let tensors = whole.configuration.parts.flatMap(whole.tensors(of:))
    var progress = 0
    let found = try tensors.fingerprints(pool: ThreadPool(threadCount: threads)) { progress += 1 }
    #expect(try found == tensors.map { try $0.fingerprint() })
    #expect(progress == tensors.count)
    let lost = try loose(0..<1)
    try FileManager.default.removeItem(atPath: lost[4].file)
    #expect(throws: CheckpointError.file(lost[4].file, .missing)) {
      try lost.fingerprints(pool: ThreadPool(threadCount: threads))
    }
  }
}

import Dispatch
import FoundationEssentials
import GPT2
import Pipeline
import TestSupport
import Testing

@testable import Coordinator

@Suite("Tensor server", .timeLimit(.minutes(1)))
struct TensorServerTests {
  private let folder: TemporaryFolder
  private let checkpoint: Checkpoint
  private let server: TensorServer

  /// Two blocks whose `mlp.c_fc.weight` has 5 pieces and 4 bytes.
  private static let configuration = Configuration(
    layerCount: 2, headCount: 1, width: 9, positionCount: 3, innerWidth: (5 * Piece.byteLimit + 4) / 36,
    vocabularySize: 5)

  init() throws {
    folder = try TemporaryFolder()
    var tensors: [StoredTensor] = []
    let period = (0..<4093).map { UInt8(truncatingIfNeeded: $0 &* 0x9E37_79B9 >> 13) }
    for specification in (0..<2).flatMap({ Self.configuration.tensors(of: .block($0)) }) {
      let count = specification.shape.reduce(4, *)
      // A prime number of bytes over and over, begun elsewhere in each tensor.
      // A prime number of bytes over and over, begun elsewhere in each tensor.
      var bytes: [UInt8] = []
      let start = specification.name.utf8.reduce(0) { ($0 * 31 + Int($1)) % period.count }
      while bytes.count < count {
        bytes += period[((start + bytes.count) % period.count)...].prefix(count - bytes.count)
      }
      try folder.write(bytes, to: specification.name)
      tensors.append(
        try StoredTensor(
          name: specification.name, elementType: .f32, shape: specification.shape,
          path: folder.path(specification.name)))
    }
    checkpoint = try Checkpoint(name: folder.path, configuration: Self.configuration, tensors: tensors)
    server = TensorServer(checkpoint)
  }

  private func computed(threads: Int = 2) -> TensorServer {
    let done = DispatchSemaphore(value: 0)
    server.computeFingerprints(threadCount: threads) { done.signal() }
    done.wait()
    return server
  }

  @Test(
    "describes a slice's tensors in their order, with their fingerprints", arguments: [1, 3])
  func descriptions(threads: Int) throws {
    let server = computed(threads: threads)
    for layers in [0..<0, 0..<1, 1..<2, 0..<2] {
      let expected = try layers.flatMap { checkpoint.tensors(of: .block($0)) }.map { tensor in
        TensorDescription(
          name: tensor.name, elementType: "F32", shape: tensor.shape, fingerprint: try tensor.fingerprint().bytes)
      }
      #expect(try server.descriptions(of: layers, sharesFiles: false) == expected)
    }
  }

  @Test("has no descriptions before the fingerprints are computed, unless files are shared")
  func early() throws {
    #expect(try server.descriptions(of: 0..<2, sharesFiles: false) == nil)
    let shared = try #require(try server.descriptions(of: 1..<2, sharesFiles: true))
    #expect(shared.map(\.name) == Self.configuration.tensors(of: .block(1)).map(\.name))
    #expect(shared.allSatisfy { $0.fingerprint == [] })
  }

  @Test("computes fingerprints once")
  func once() throws {
    let server = computed()
    let before = try server.descriptions(of: 0..<2, sharesFiles: false)
    try folder.write(Array(repeating: 1, count: 36), to: "h.0.ln_1.weight")
    server.computeFingerprints(threadCount: 1) { Issue.record("computed again") }
    #expect(try server.descriptions(of: 0..<2, sharesFiles: false) == before)
  }

  @Test("says which file could not be read for its fingerprints")
  func unreadable() throws {
    let path = folder.path("h.1.ln_2.bias")
    try FileManager.default.removeItem(atPath: path)
    let server = computed()
    #expect(throws: CheckpointError.file(path, .missing)) { try server.descriptions(of: 0..<1, sharesFiles: false) }
    #expect(throws: CheckpointError.file(path, .missing)) {
      try server.pieces(Wanted(tensor: 7, offset: 0, pieces: 1), of: 1..<2)
    }
  }

  @Test(
    "hands out as many pieces as are asked for, up to the tensor's end",
    arguments: [
      (Wanted(tensor: 8, offset: 0, pieces: 1), [Piece.byteLimit]),
      (Wanted(tensor: 8, offset: 0, pieces: 6), Array(repeating: Piece.byteLimit, count: 5) + [4]),
      (Wanted(tensor: 8, offset: 3, pieces: 64), Array(repeating: Piece.byteLimit, count: 5) + [1]),
      (Wanted(tensor: 8, offset: 5 * Piece.byteLimit + 3, pieces: 2), [1]),
      (Wanted(tensor: 0, offset: 0, pieces: 1), [36]), (Wanted(tensor: 11, offset: 35, pieces: 1), [1]),
    ])
  func pieces(wanted: Wanted, counts: [Int]) throws {
    for layer in 0..<2 {
      let pieces = try server.pieces(wanted, of: layer..<(layer + 1))
      #expect(pieces.map(\.bytes.count) == counts)
      let tensor = checkpoint.tensors(of: .block(layer))[wanted.tensor]
      var offset = wanted.offset
      for piece in pieces {
        #expect(piece.tensor == wanted.tensor && piece.offset == offset)
        #expect(try piece.bytes == tensor.read(bytes: offset..<(offset + piece.bytes.count)))
        offset += piece.bytes.count
      }
    }
  }

  @Test(
    "refuses what no worker of ours asks for",
    arguments: [
      (Wanted(tensor: 12, offset: 0, pieces: 1), WantedError.noSuchTensor(12, count: 12)),
      (Wanted(tensor: -1, offset: 0, pieces: 1), .noSuchTensor(-1, count: 12)),
      (Wanted(tensor: 0, offset: 36, pieces: 1), .beyondTensor("h.1.ln_1.weight", offset: 36, byteCount: 36)),
      (Wanted(tensor: 0, offset: -1, pieces: 1), .beyondTensor("h.1.ln_1.weight", offset: -1, byteCount: 36)),
      (Wanted(tensor: 0, offset: .max, pieces: 1), .beyondTensor("h.1.ln_1.weight", offset: .max, byteCount: 36)),
      (Wanted(tensor: 0, offset: 0, pieces: 0), .pieceCount(0, limit: 64)),
      (Wanted(tensor: 0, offset: 0, pieces: 65), .pieceCount(65, limit: 64)),
      (Wanted(tensor: 0, offset: 0, pieces: .min), .pieceCount(.min, limit: 64)),
    ])
  func refused(wanted: Wanted, error: WantedError) {
    #expect(throws: error) { try server.pieces(wanted, of: 1..<2) }
    #expect(error.description.hasPrefix("asked for ") && !error.description.contains("\n"))
  }
}

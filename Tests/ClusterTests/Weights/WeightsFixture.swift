import Dispatch
import FoundationEssentials
import GPT2
import MicroBatching
import Pipeline
import Platform
import TestSupport

@testable import Coordinator
@testable import Worker

/// A model in files, and a coordinator's server of its tensors.
final class WeightsFixture {
  let folder: TemporaryFolder
  let configuration: Configuration
  let checkpoint: Checkpoint
  let server: TensorServer
  let pool = ThreadPool(threadCount: 2)

  static let layers: LayerRange = 1..<3

  /// Three blocks, some of whose tensors take several pieces.
  init(seed: UInt64 = 1, type: StoredTensor.ElementType = .f32, width: Int = 33) throws {
    folder = try TemporaryFolder()
    configuration = Configuration(
      layerCount: 3, headCount: 3, width: width, positionCount: 32, innerWidth: 2200, vocabularySize: 11)
    try folder.write(configuration.json, to: "config.json")
    try folder.write(Self.safetensors(configuration, type, seed), to: "model.safetensors")
    checkpoint = try Checkpoint(CheckpointFolder(path: folder.path))
    server = TensorServer(checkpoint)
    let done = DispatchSemaphore(value: 0)
    server.computeFingerprints(threadCount: 2) { done.signal() }
    done.wait()
  }

  func assignment(sharesFiles: Bool = false) throws -> Assignment {
    Assignment(
      layers: Self.layers, sharesFiles: sharesFiles,
      tensors: try server.descriptions(of: Self.layers, sharesFiles: sharesFiles)!, stage: nil)
  }

  func cache(_ name: String = "cache") throws -> TensorCache { try TensorCache(folder: folder.path(name)) }

  /// A slice from the cache of this name.
  func slice(_ cache: String = "cache") throws -> AssignedSlice {
    try AssignedSlice(assignment(), of: configuration, from: .cache(self.cache(cache)), pool: pool)
  }

  /// Bytes of the slice's tensors.
  var byteCount: Int { checkpoint.byteCount(of: Self.layers.map(ModelPart.block)) }

  var tensors: [StoredTensor] { Self.layers.flatMap { checkpoint.tensors(of: .block($0)) } }

  /// Where the cache keeps a tensor of the slice.
  func path(_ tensor: Int, _ end: String = "tensor", cache: String = "cache") throws -> String {
    "\(cache)/\(try tensors[tensor].fingerprint()).\(end)"
  }

  /// Lets requests and pieces go back and forth until the slice is complete or the link breaks.
  ///
  /// - Parameters:
  ///   - limit: pieces that arrive before the link breaks.
  ///   - change: what happens to a piece on its way.
  func transfer(_ slice: AssignedSlice, limit: Int = .max, change: (inout Piece) -> Void = { _ in }) throws {
    var onTheirWay: [Piece] = []
    var arrived = 0
    while true {
      while let wanted = try slice.wanted() { onTheirWay += try server.pieces(wanted, of: Self.layers) }
      if onTheirWay.isEmpty || arrived == limit { return }
      var piece = onTheirWay.removeFirst()
      change(&piece)
      try slice.accept(piece)
      arrived += 1
    }
  }

  /// What leaves the slice's blocks for some rows, `[20, C]`, as bits.
  func output(_ checkpoint: Checkpoint) throws -> [UInt32] {
    let stage = try Stage(checkpoint, layers: Self.layers, slotCount: 1, kernels: .selected(), pool: pool)
    let activations = try Activations(width: configuration.width)
    try activations.resize(rowCount: 20)
    for row in 0..<20 {
      for column in 0..<configuration.width {
        activations[row][column] = Float((row * 131 + column * 17) % 97) / 50 - 0.9
      }
    }
    try stage.forward(MicroBatch([Segment(slot: 0, start: 0, count: 20)]), activations)
    return (0..<20).flatMap { row in activations[row].map(\.bitPattern) }
  }

  private static func safetensors(
    _ configuration: Configuration, _ type: StoredTensor.ElementType, _ seed: UInt64
  ) -> [UInt8] {
    // Each tensor reads on in one endless repetition of so many random elements, a prime, so that no two rows are alike.
    let period = 4093
    var state = seed
    let elements = (0..<period).flatMap { _ -> [UInt8] in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Float(state >> 40) * 0x1p-24 - 0.5
      switch type {
      case .f32: return withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      case .f64: return withUnsafeBytes(of: (Double(value) * 1.1).bitPattern.littleEndian) { Array($0) }
      case .bf16: return withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian) { Array($0) }
      // A sign, an exponent of 2⁻¹ and ten bits of significand.
      case .f16: return withUnsafeBytes(of: (UInt16(state >> 48) & 0x83FF | 0x3800).littleEndian) { Array($0) }
      }
    }
    var members: [String] = []
    var data: [UInt8] = []
    for tensor in configuration.parts.flatMap(configuration.tensors(of:)) {
      let start = data.count
      let end = start + tensor.shape.reduce(type.byteCount, *)
      while data.count < end { data += elements[(data.count % elements.count)...].prefix(end - data.count) }
      members.append(
        #""\#(tensor.name)":{"dtype":"\#(type.rawValue)","shape":\#(tensor.shape),"data_offsets":[\#(start),\#(data.count)]}"#
      )
    }
    let header = Array("{\(members.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
  }
}

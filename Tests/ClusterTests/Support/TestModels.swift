import DemoModel
import FoundationEssentials
import GPT2
import TestSupport

/// Checkpoints in memory.
enum TestModels {
  /// The bundled one: 12 blocks of width 128, stored as BF16.
  static let demo = Result { try demo(.auto) }

  /// It with matrices held so.
  static func demo(_ weights: WeightTypes.Choice) throws -> Checkpoint {
    var count = 0
    let files = UnsafeBufferPointer(start: demo_model_files(&count), count: count)
    return try Checkpoint(
      CheckpointFolder(
        name: "demo",
        contents: Dictionary(
          uniqueKeysWithValues: files.map {
            (String(cString: $0.name), UnsafeRawBufferPointer(start: $0.bytes, count: $0.count))
          })), weights: weights)
  }

  /// 5 blocks whose rows are no whole number of registers, with a head of its own.
  static let odd = Result { try random(oddShape, seed: 1) }
  /// The same shape with other weights.
  static let otherWeights = Result { try random(oddShape, seed: 2) }
  /// Another shape.
  static let otherShape = Result {
    try random(
      Configuration(layerCount: 4, headCount: 3, width: 21, positionCount: 75, innerWidth: 37, vocabularySize: 53),
      seed: 3)
  }

  private static let oddShape = Configuration(
    layerCount: 5, headCount: 3, width: 21, positionCount: 600, innerWidth: 37, vocabularySize: 53, activation: .gelu,
    tiesHead: false)

  /// Every tensor matters: lively matrices, biases that are not 0, gains that are not 1.
  static func random(_ configuration: Configuration, seed: Int) throws -> Checkpoint {
    var numbers = SeededNumbers(seed)
    var header: [String] = []
    var data: [UInt8] = []
    for tensor in configuration.parts.flatMap(configuration.tensors(of:)) {
      let isGain = tensor.name.contains("ln_") && tensor.name.hasSuffix("weight")
      let floats = numbers.floats(tensor.shape.reduce(1, *), scale: 0.4).map { isGain ? 1 + $0 : $0 }
      let start = data.count
      floats.withUnsafeBytes { data.append(contentsOf: $0) }
      header.append(
        #""\#(tensor.name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(start),\#(data.count)]}"#)
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    return try Checkpoint(
      CheckpointFolder(
        name: "random-\(seed)",
        contents: ["config.json": kept(configuration.json), "model.safetensors": kept(length + text + data)]))
  }

  /// Memory that is never freed, as a folder of memory has to be; a test's is small.
  private static func kept(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(copy)
  }
}

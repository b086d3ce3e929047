@testable import GPT2

/// Writes the files of small checkpoints with known contents; every size of the default differs from every other.
struct ToyCheckpoint {
  struct Tensor {
    var name: String
    var type = "F32"
    var shape: [Int]
    var bytes: [UInt8]
  }

  var configuration = """
    {"model_type":"gpt2","n_layer":2,"n_head":2,"n_embd":4,"n_positions":5,"n_inner":6,"vocab_size":7}
    """
  /// In the order of the file.
  var tensors: [Tensor]

  /// The tensors of `configuration`, each with a prefix before its name and elements that depend on its name alone.
  init(
    _ configuration: Configuration = Configuration(
      layerCount: 2, headCount: 2, width: 4, positionCount: 5, innerWidth: 6, vocabularySize: 7),
    prefix: String = "", type: String = "F32"
  ) {
    tensors = configuration.parts.flatMap(configuration.tensors(of:)).map { specification in
      Self.tensor(specification.name, specification.shape, prefix: prefix, type: type)
    }
  }

  static func tensor(_ name: String, _ shape: [Int], prefix: String = "", type: String = "F32") -> Tensor {
    let byteCount = shape.reduce(1, *) * (type == "F32" ? 4 : 2)
    var state = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let bytes = (0..<byteCount).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    return Tensor(name: prefix + name, type: type, shape: shape, bytes: bytes)
  }

  func index(of name: String) -> Int { tensors.firstIndex { $0.name == name }! }

  /// A folder with one file of weights.
  var files: [String: [UInt8]] {
    ["config.json": Array(configuration.utf8), "model.safetensors": Self.safetensors(tensors)]
  }

  /// A folder with the tensors dealt to two shards in turn.
  var shardedFiles: [String: [UInt8]] {
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    var files = ["config.json": Array(configuration.utf8)]
    var map: [String] = []
    for shard in 0..<2 {
      let dealt = tensors.indices.filter { $0 % 2 == shard }.map { tensors[$0] }
      files[names[shard]] = Self.safetensors(dealt)
      map += dealt.map { "\"\($0.name)\":\"\(names[shard])\"" }
    }
    files["model.safetensors.index.json"] = Array(
      #"{"metadata":{"total_size":1},"weight_map":{\#(map.joined(separator: ","))}}"#.utf8)
    return files
  }

  static func safetensors(_ tensors: [Tensor]) -> [UInt8] {
    var members = [#""__metadata__":{"format":"pt"}"#]
    var data: [UInt8] = []
    for tensor in tensors {
      let offsets = "[\(data.count),\(data.count + tensor.bytes.count)]"
      members.append(
        #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":\#(offsets)}"#)
      data += tensor.bytes
    }
    return safetensors(header: "{\(members.joined(separator: ","))}", data: data)
  }

  /// The bytes of a file with this header, which may be anything.
  static func safetensors(header: String, data: [UInt8]) -> [UInt8] {
    safetensors(header: Array(header.utf8), data: data)
  }

  static func safetensors(header: [UInt8], data: [UInt8]) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }
}

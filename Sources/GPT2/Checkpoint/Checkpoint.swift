internal import JSON

/// A GPT-2 in Hugging Face's layout: its configuration, and its tensors ready to be read.
///
/// Opening reads `config.json`, `generation_config.json` and the headers of the weights and checks the whole checkpoint by
/// them: all tensors of the configuration are there, each once, with the right shape and a type that can be computed with.
/// The files stay open as long as the checkpoint lives and must not change.
public final class Checkpoint: Sendable {
  public let folder: CheckpointFolder
  public let configuration: Configuration
  /// By name without `transformer.`; of a whole checkpoint exactly the tensors of all parts of the configuration.
  private let tensors: [ExactString: StoredTensor]
  /// Whether a head was found that is not the embedding, although `config.json` ties the two.
  let untiesHead: Bool
  /// Names of stored tensors that are no part of GPT-2, such as other heads; nothing reads them.
  public let leftAside: [String]
  /// The file that says where texts begin and end.
  public let endsFile: String

  private static let weightsFile = "model.safetensors"
  private static let configurationFile = "config.json"
  private static let generationFile = "generation_config.json"
  /// Real ones have one or two thousand bytes.
  private static let configurationLimit = 1 << 20

  /// Opens `model.safetensors`, or else the shards of `model.safetensors.index.json`.
  ///
  /// - Parameter weights: how the matrices are to be held in memory.
  public init(_ folder: CheckpointFolder, weights: WeightTypes.Choice = .auto) throws(CheckpointError) {
    try folder.checkExistence()
    let isSharded = try Self.isSharded(folder)
    let json = try folder.read(Self.configurationFile, limit: Self.configurationLimit)
    var configuration = try Configuration(json: json, file: folder.path(of: Self.configurationFile))
    let hasGenerationFile = folder.contains(Self.generationFile)
    if hasGenerationFile {
      try configuration.setEnds(
        generationJSON: try folder.read(Self.generationFile, limit: Self.configurationLimit),
        file: folder.path(of: Self.generationFile))
    }
    var table = TensorTable(configuration)
    if isSharded {
      let index = try ShardIndex(folder)
      var headers: [(shard: String, header: SafetensorsHeader)] = []
      var sources: [ByteSource] = []
      for shard in index.files {
        let source = try folder.open(shard)
        headers.append((shard, try SafetensorsHeader(source)))
        sources.append(source)
      }
      try index.check(headers, in: folder)
      for ((_, header), source) in zip(headers, sources) { try table.add(header, of: source) }
    } else {
      let source = try folder.open(Self.weightsFile)
      try table.add(try SafetensorsHeader(source), of: source)
    }
    try table.settleStoredHead()
    self.folder = folder
    untiesHead = configuration.tiesHead && !table.configuration.tiesHead
    leftAside = table.leftAside
    endsFile = hasGenerationFile ? Self.generationFile : Self.configurationFile
    tensors = try table.complete(file: folder.path(of: isSharded ? ShardIndex.file : Self.weightsFile))
    configuration = table.configuration
    configuration.weights = WeightTypes(weights, of: tensors, configuration)
    self.configuration = configuration
  }

  /// Part of a model, from tensors wherever they lie, such as the slice that a worker was sent.
  ///
  /// Only these tensors can be asked for. Throws `.tensor` errors for one that the configuration does not have, that has
  /// another shape there, or that is given twice.
  ///
  /// - Parameter name: for messages.
  public init(name: String, configuration: Configuration, tensors: [StoredTensor]) throws(CheckpointError) {
    var table = TensorTable(configuration)
    for tensor in tensors { try table.add(tensor, storedAs: tensor.name) }
    folder = CheckpointFolder(name: name, contents: [:])
    self.configuration = configuration
    (untiesHead, leftAside) = (false, [])
    endsFile = Self.configurationFile
    self.tensors = table.tensors
  }

  /// The tensor `name` (without `transformer.`), whose shape has to be `shape`.
  ///
  /// Throws `.tensor` errors. Only tensors of the configuration's parts can be had: neither masks nor a stored copy
  /// of the embedding.
  public func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> StoredTensor {
    guard let tensor = tensors[ExactString(name)] else { throw .tensor(name, file: folder.name, .missing) }
    guard tensor.shape == shape else {
      throw .tensor(name, file: tensor.file, .wrongShape(found: tensor.shape, expected: shape))
    }
    return tensor
  }

  /// The tensors of a part, in the order of ``Configuration/tensors(of:)``.
  ///
  /// - Precondition: the checkpoint is whole, or holds the part.
  public func tensors(of part: ModelPart) -> [StoredTensor] {
    configuration.tensors(of: part).map { specification in
      guard let tensor = tensors[ExactString(specification.name)] else {
        preconditionFailure("a part that is not held")
      }
      return tensor
    }
  }

  /// Bytes that the tensors of these parts take in the files.
  public func byteCount(of parts: [ModelPart]) -> Int {
    parts.reduce(0) { $0 + tensors(of: $1).reduce(0) { $0 + $1.byteCount } }
  }

  /// Whether the weights are in shards; throws when there are none that can be read.
  private static func isSharded(_ folder: CheckpointFolder) throws(CheckpointError) -> Bool {
    if folder.contains(weightsFile) { return false }
    if folder.contains(ShardIndex.file) { return true }
    let files = folder.files()
    if let shard = files.first(where: { $0.hasSuffix(".safetensors") }) {
      throw .folder(folder.name, .shardsWithoutIndex(shard))
    }
    let foreign = [".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf", ".ggml", ".onnx", ".npz"]
    throw .folder(
      folder.name, .noWeights(found: files.filter { file in foreign.contains { file.hasSuffix($0) } }))
  }
}

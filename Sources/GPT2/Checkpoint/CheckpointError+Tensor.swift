internal import JSON

extension CheckpointError {
  /// What is wrong with `model.safetensors.index.json`, or between it and the shards.
  public enum IndexProblem: Hashable, Sendable {
    case notAnObject(found: String)
    /// No `weight_map`, or one that is no object.
    case noWeightMap(found: String)
    case emptyWeightMap
    case invalidShardName(tensor: String, found: String)
    case tooManyShards(limit: Int)
    /// The index puts the tensor into a shard that does not have it.
    case notInShard(tensor: String, shard: String)
    /// The shard has a tensor that the index does not put there.
    case notInIndex(tensor: String, shard: String)
  }

  /// How a tensor of a sound file differs from what a GPT-2 of this configuration needs.
  public enum TensorProblem: Hashable, Sendable {
    case missing
    /// Not a tensor of GPT-2; `layerCount` when it would be one of a deeper model.
    case unknown(layerCount: Int?)
    /// Twice in the checkpoint, under these names of these files.
    case duplicate(names: [String], otherFile: String)
    case wrongShape(found: [Int], expected: [Int])
    case wrongType(String)
    /// Under another name than GPT-2's, while the tensor `missing` is not there.
    case otherName(missing: String)
    /// A head with an offset, which GPT-2 has not.
    case headBias
  }
}

extension CheckpointError.IndexProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAnObject(let found): "holds \(found), expected one object with a weight_map"
    case .noWeightMap(let found):
      "weight_map is \(found), expected an object of tensor names and file names; fetch it again"
    case .emptyWeightMap: "weight_map is empty, expected the checkpoint's tensors; fetch it again"
    case .invalidShardName(let tensor, let found):
      "weight_map puts tensor \(tensor.quoted) into \(found), expected the plain name of a file in the same folder"
    case .tooManyShards(let limit): "weight_map names more than \(limit) files, expected fewer; save with larger shards"
    case .notInShard(let tensor, let shard):
      "puts tensor \(tensor.quoted) into \(shard.quoted), which does not hold it; fetch index and shards again"
    case .notInIndex(let tensor, let shard):
      "does not list tensor \(tensor.quoted), which \(shard.quoted) holds; fetch index and shards again"
    }
  }
}

extension CheckpointError.TensorProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing:
      "is missing, expected every tensor of config.json's model; do the weights and config.json belong together?"
    case .unknown(let layerCount?):
      "belongs to a block that config.json does not have (n_layer is \(layerCount)); do the two belong together?"
    case .otherName(let missing):
      "is not the name of a tensor of GPT-2, while \(missing.quoted) is missing; save the language model by itself"
    case .headBias:
      "has values other than zero, and GPT-2's head has no bias; this program does not compute that variant"
    case .unknown(nil):
      "is not a tensor of GPT-2; this program runs only GPT-2 language models (remove it if it may be ignored)"
    case .duplicate(let names, let otherFile):
      "occurs twice, as \(names.map(\.quoted).joined(separator: " and ")), the other in \(otherFile.quoted),"
        + " expected once; save the checkpoint again"
    case .wrongShape(let found, let expected):
      "has shape \(describe(shape: found)), expected \(describe(shape: expected));"
        + " do the weights and config.json belong together?"
    case .wrongType(let type):
      "has dtype \(type), expected F32, F16, BF16 or F64; save the checkpoint again in one of those"
    }
  }
}

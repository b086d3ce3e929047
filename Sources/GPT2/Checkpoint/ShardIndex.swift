internal import JSON

/// Which file of a checkpoint holds which tensor, as `model.safetensors.index.json` says.
struct ShardIndex {
  static let file = "model.safetensors.index.json"
  /// Each shard costs an open file for the life of the checkpoint, and systems often allow 1,024.
  static let shardLimit = 256
  private static let byteLimit = 16 << 20

  /// Tensor names as they stand in the files, and the file of each.
  let shards: [ExactString: String]
  /// Every file once, sorted by name.
  let files: [String]

  init(_ folder: CheckpointFolder) throws(CheckpointError) {
    try self.init(json: try folder.read(Self.file, limit: Self.byteLimit), file: folder.path(of: Self.file))
  }

  init(json bytes: [UInt8], file: String) throws(CheckpointError) {
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes) } catch { throw .json(file: file, error) }
    guard case .object(let object) = json else { throw .index(file: file, .notAnObject(found: json.kind)) }
    guard case .object(let map)? = object["weight_map"] else {
      throw .index(file: file, .noWeightMap(found: object["weight_map"]?.kind ?? "missing"))
    }
    guard !map.members.isEmpty else { throw .index(file: file, .emptyWeightMap) }
    var shards: [ExactString: String] = [:]
    var files: Set<ExactString> = []
    for (tensor, value) in map.members {
      guard case .string(let shard) = value, CheckpointFolder.isPlainName(shard) else {
        throw .index(file: file, .invalidShardName(tensor: tensor, found: value.kind))
      }
      shards[ExactString(tensor)] = shard
      files.insert(ExactString(shard))
      if files.count > Self.shardLimit { throw .index(file: file, .tooManyShards(limit: Self.shardLimit)) }
    }
    self.shards = shards
    self.files = files.map(\.string).sorted()
  }

  /// Throws unless the shards hold exactly the tensors that the index puts there.
  func check(_ headers: [(shard: String, header: SafetensorsHeader)], in folder: CheckpointFolder)
    throws(CheckpointError)
  {
    let file = folder.path(of: Self.file)
    var held: [ExactString: Set<ExactString>] = [:]
    for (shard, header) in headers { held[ExactString(shard)] = Set(header.entries.map { ExactString($0.name) }) }
    for (tensor, shard) in shards.sorted(by: { $0.key.string < $1.key.string })
    where held[ExactString(shard)]?.contains(tensor) != true {
      throw .index(file: file, .notInShard(tensor: tensor.string, shard: shard))
    }
    for (shard, header) in headers {
      for entry in header.entries {
        guard let listed = shards[ExactString(entry.name)] else {
          throw .index(file: file, .notInIndex(tensor: entry.name, shard: shard))
        }
        if ExactString(listed) != ExactString(shard) {
          // The shard that is listed holds it too, or the first loop would have thrown.
          throw .tensor(
            entry.name, file: folder.path(of: shard),
            .duplicate(names: [entry.name], otherFile: folder.path(of: listed)))
        }
      }
    }
  }
}

import JSON
import TestSupport
import Testing

@testable import GPT2

@Suite("Index of shards")
struct ShardIndexTests {
  private static let index = "model.safetensors.index.json"
  private static let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]

  @Test("lists every file once")
  func good() throws {
    let json = #"{"metadata":{"total_size":9},"weight_map":{"a":"y","b":"x","c":"y"}}"#
    let index = try ShardIndex(json: Array(json.utf8), file: "i")
    #expect(index.files == ["x", "y"])
    #expect(index.shards[ExactString("c")] == "y")
  }

  @Test(
    "refuses what is no index",
    arguments: [
      ("[]", .index(file: "i", .notAnObject(found: "an array"))),
      ("{}", .index(file: "i", .noWeightMap(found: "missing"))),
      (#"{"weight_map":["x"]}"#, .index(file: "i", .noWeightMap(found: "an array"))),
      (#"{"weight_map":{}}"#, .index(file: "i", .emptyWeightMap)),
      (#"{"weight_map":{"a":1}}"#, .index(file: "i", .invalidShardName(tensor: "a", found: "the integer 1"))),
      (#"{"weight_map":{"a":"x","a":"y"}}"#, .json(file: "i", JSONError(.duplicateKey("a"), offset: 23))),
      (#"{"weight_map":"#, .json(file: "i", JSONError(.unexpectedEnd(expected: .value), offset: 14))),
    ] as [(String, CheckpointError)])
  func refuses(json: String, expected: CheckpointError) {
    let error = #expect(throws: CheckpointError.self) { _ = try ShardIndex(json: Array(json.utf8), file: "i") }
    #expect(error == expected)
    #expect(error?.description.isOneLine == true)
  }

  @Test(
    "lets no file name lead out of the folder",
    arguments: [
      "", ".", "..", "../x.safetensors", "/etc/passwd", "a/b", "a\\b", "x\u{0}y", "x\ny",
      String(repeating: "x", count: 256),
    ])
  func names(name: String) throws {
    let json = JSONValue.object(
      JSONObject([("weight_map", .object(JSONObject([("a", .string(name))])))]))
    #expect(
      throws: CheckpointError.index(file: "i", .invalidShardName(tensor: "a", found: "the string \(name.quoted)"))
    ) {
      _ = try ShardIndex(json: Array(json.description.utf8), file: "i")
    }
    #expect(throws: CheckpointError.file("memory/\(name)", .invalidName)) {
      _ = try CheckpointFolder.memory([name: [1]]).open(name)
    }
    #expect(!CheckpointFolder.memory([name: [1]]).contains(name))
  }

  @Test("bounds the number of files")
  func shardLimit() throws {
    func json(_ count: Int) -> [UInt8] {
      Array("{\"weight_map\":{\((0..<count).map { "\"\($0)\":\"\($0)\"" }.joined(separator: ","))}}".utf8)
    }
    #expect(try ShardIndex(json: json(256), file: "i").files.count == 256)
    #expect(throws: CheckpointError.index(file: "i", .tooManyShards(limit: 256))) {
      _ = try ShardIndex(json: json(257), file: "i")
    }
  }

  private static func open(_ files: [String: [UInt8]]) throws { _ = try Checkpoint(.memory(files)) }

  @Test("has to agree with the shards")
  func agreement() throws {
    let toy = ToyCheckpoint()
    let file = "memory/\(Self.index)"
    let map = String(decoding: try #require(toy.shardedFiles[Self.index]), as: UTF8.self)

    var files = toy.shardedFiles
    files[Self.shards[1]] = nil
    #expect(throws: CheckpointError.file("memory/\(Self.shards[1])", .missing)) { try Self.open(files) }

    // wte is in the first shard, wpe in the second.
    files = toy.shardedFiles
    files[Self.index] = Array(map.replacing(#""wpe.weight":"\#(Self.shards[1])","#, with: "").utf8)
    #expect(throws: CheckpointError.index(file: file, .notInIndex(tensor: "wpe.weight", shard: Self.shards[1]))) {
      try Self.open(files)
    }

    files[Self.index] = Array(
      map.replacing(#""wpe.weight":"\#(Self.shards[1])""#, with: #""wpe.weight":"\#(Self.shards[0])""#).utf8)
    #expect(throws: CheckpointError.index(file: file, .notInShard(tensor: "wpe.weight", shard: Self.shards[0]))) {
      try Self.open(files)
    }

    files[Self.index] = Array(
      map.replacing(#""wpe.weight""#, with: #""wxe.weight":"\#(Self.shards[0])","wpe.weight""#).utf8)
    #expect(throws: CheckpointError.index(file: file, .notInShard(tensor: "wxe.weight", shard: Self.shards[0]))) {
      try Self.open(files)
    }
  }

  @Test("lets no tensor be in two shards, under one name or two")
  func duplicates() throws {
    var toy = ToyCheckpoint()
    var files = toy.shardedFiles
    let odd = toy.tensors.indices.filter { $0 % 2 == 1 }.map { toy.tensors[$0] }
    files[Self.shards[1]] = ToyCheckpoint.safetensors(odd + [toy.tensors[0]])
    #expect(
      throws: CheckpointError.tensor(
        "wte.weight", file: "memory/\(Self.shards[1])",
        .duplicate(names: ["wte.weight"], otherFile: "memory/\(Self.shards[0])"))
    ) { try Self.open(files) }

    // 28 tensors are dealt in turn, so the 29th and 30th go to the first and the second shard.
    toy.tensors.append(.init(name: "h.0.attn.bias", type: "U8", shape: [1], bytes: [1]))
    toy.tensors.append(ToyCheckpoint.tensor("wte.weight", [7, 4], prefix: "transformer."))
    #expect(
      throws: CheckpointError.tensor(
        "wte.weight", file: "memory/\(Self.shards[1])",
        .duplicate(names: ["wte.weight", "transformer.wte.weight"], otherFile: "memory/\(Self.shards[0])"))
    ) { try Self.open(toy.shardedFiles) }
  }

  @Test("names the shard that is cut")
  func cutShard() throws {
    var files = ToyCheckpoint().shardedFiles
    let byteCount = try #require(files[Self.shards[1]]?.count)
    files[Self.shards[1]]?.removeLast()
    #expect(
      throws: CheckpointError.header(
        file: "memory/\(Self.shards[1])", .truncated(needed: byteCount, byteCount: byteCount - 1))
    ) { try Self.open(files) }
  }

  @Test("yields to a single file of weights")
  func singleFileFirst() throws {
    var files = ToyCheckpoint().files
    files[Self.index] = Array("not JSON".utf8)
    try Self.open(files)
  }
}

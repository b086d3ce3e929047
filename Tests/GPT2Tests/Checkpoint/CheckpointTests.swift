import TestSupport
import Testing

@testable import GPT2

@Suite("Checkpoint")
struct CheckpointTests {
  private static let configuration = Configuration(
    layerCount: 2, headCount: 2, width: 4, positionCount: 5, innerWidth: 6, vocabularySize: 7)
  /// With an eos token outside the vocabulary left out, as reading `config.json` does.
  private static func untied(_ toy: inout ToyCheckpoint) {
    toy.configuration = toy.configuration.replacing("}", with: #","tie_word_embeddings":false}"#)
  }

  /// Every tensor of the model reads back the bytes that the toy wrote for it.
  private static func expectContents(
    _ checkpoint: Checkpoint, of toy: ToyCheckpoint, prefix: String = "", tensorCount: Int = 28,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let tensors = checkpoint.configuration.parts.flatMap(checkpoint.tensors(of:))
    #expect(tensors.count == tensorCount, sourceLocation: sourceLocation)
    for tensor in tensors {
      let written = try #require(toy.tensors.first { $0.name == prefix + tensor.name }, sourceLocation: sourceLocation)
      #expect(tensor.shape == written.shape, sourceLocation: sourceLocation)
      #expect(tensor.elementType.rawValue == written.type, sourceLocation: sourceLocation)
      #expect(try tensor.bytes(0..<tensor.elementCount) == written.bytes, sourceLocation: sourceLocation)
      let again = try checkpoint.tensor(tensor.name, shape: tensor.shape)
      #expect(try again.bytes(0..<again.elementCount) == written.bytes, sourceLocation: sourceLocation)
    }
  }

  @Test(
    "reads one file, on disk and in memory, with and without prefix, in every type", arguments: ["F32", "F16", "BF16"])
  func single(type: String) throws {
    for prefix in ["", "transformer."] {
      let toy = ToyCheckpoint(prefix: prefix, type: type)
      let folder = try TemporaryFolder(toy.files)
      let checkpoint = try Checkpoint(folder.checkpointFolder)
      #expect(checkpoint.configuration.isLike(Self.configuration))
      try Self.expectContents(checkpoint, of: toy, prefix: prefix)
      try Self.expectContents(try Checkpoint(.memory(toy.files)), of: toy, prefix: prefix)
      #expect(
        checkpoint.tensors(of: .embedding).map(\.file)
          == Array(repeating: folder.path("model.safetensors"), count: 2))
    }
  }

  @Test("reads shards")
  func sharded() throws {
    let toy = ToyCheckpoint(prefix: "transformer.")
    let folder = try TemporaryFolder(toy.shardedFiles)
    let checkpoint = try Checkpoint(folder.checkpointFolder)
    try Self.expectContents(checkpoint, of: toy, prefix: "transformer.")
    #expect(try checkpoint.tensor("wte.weight", shape: [7, 4]).file.hasSuffix("/model-00001-of-00002.safetensors"))
    #expect(try checkpoint.tensor("wpe.weight", shape: [5, 4]).file.hasSuffix("/model-00002-of-00002.safetensors"))
  }

  @Test("skips stored masks of any type, with and without prefix")
  func masks() throws {
    var toy = ToyCheckpoint()
    toy.tensors.insert(
      .init(name: "h.0.attn.bias", type: "BOOL", shape: [1, 1, 5, 5], bytes: .init(repeating: 1, count: 25)), at: 3)
    toy.tensors.append(.init(name: "h.1.attn.bias", type: "U8", shape: [9], bytes: .init(repeating: 1, count: 9)))
    toy.tensors.append(
      .init(name: "transformer.h.1.attn.masked_bias", type: "F64", shape: [], bytes: .init(repeating: 1, count: 8)))
    try Self.expectContents(try Checkpoint(.memory(toy.files)), of: toy)
    let checkpoint = try Checkpoint(.memory(toy.shardedFiles))
    try Self.expectContents(checkpoint, of: toy)
    #expect(throws: CheckpointError.tensor("h.0.attn.bias", file: "memory", .missing)) {
      _ = try checkpoint.tensor("h.0.attn.bias", shape: [1, 1, 5, 5])
    }
  }

  @Test("uses a head of its own, and leaves the copy of a tied one alone")
  func head() throws {
    var toy = ToyCheckpoint(prefix: "transformer.")
    var copy = toy.tensors[toy.index(of: "transformer.wte.weight")]
    copy.name = "lm_head.weight"
    toy.tensors.append(copy)
    let tied = try Checkpoint(.memory(toy.files))
    #expect(tied.tensors(of: .head).isEmpty)
    #expect(throws: CheckpointError.tensor("lm_head.weight", file: "memory", .missing)) {
      _ = try tied.tensor("lm_head.weight", shape: [7, 4])
    }
    Self.untied(&toy)
    let untied = try Checkpoint(.memory(toy.files))
    #expect(!untied.configuration.tiesHead)
    #expect(untied.tensors(of: .head).map(\.name) == ["lm_head.weight"])
    #expect(try untied.tensors(of: .head)[0].bytes(0..<28) == toy.tensors.last?.bytes)
  }

  @Test("reads any range of elements", arguments: [("F32", 4), ("BF16", 2)])
  func ranges(type: String, byteCount: Int) throws {
    let toy = ToyCheckpoint(type: type)
    let folder = try TemporaryFolder(toy.files)
    for source in [folder.checkpointFolder, .memory(toy.files)] {
      let tensor = try Checkpoint(source).tensor("h.1.mlp.c_fc.weight", shape: [4, 6])
      #expect(tensor.byteCount == 24 * byteCount)
      let written = toy.tensors[toy.index(of: "h.1.mlp.c_fc.weight")].bytes
      for range in [0..<0, 24..<24, 0..<1, 23..<24, 5..<17, 0..<24] {
        #expect(try tensor.bytes(range) == Array(written[range.lowerBound * byteCount..<range.upperBound * byteCount]))
      }
    }
  }

  @Test("checks the shape that the caller expects")
  func expectedShape() throws {
    let checkpoint = try Checkpoint(.memory(ToyCheckpoint().files))
    #expect(
      throws: CheckpointError.tensor(
        "wte.weight", file: "memory/model.safetensors", .wrongShape(found: [7, 4], expected: [4, 7]))
    ) { _ = try checkpoint.tensor("wte.weight", shape: [4, 7]) }
    #expect(throws: CheckpointError.tensor("wte", file: "memory", .missing)) {
      _ = try checkpoint.tensor("wte", shape: [])
    }
  }

  /// One change to a sound toy and what opening it then has to say.
  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var error: CheckpointError
    var change: @Sendable (inout ToyCheckpoint) -> Void

    init(
      _ name: String, _ tensor: String, _ problem: CheckpointError.TensorProblem,
      _ change: @escaping @Sendable (inout ToyCheckpoint) -> Void
    ) {
      testDescription = name
      error = .tensor(tensor, file: "memory/model.safetensors", problem)
      self.change = change
    }
  }

  @Test(
    "refuses tensors that are not exactly the model's, by name",
    arguments: [
      Fault("first missing", "wte.weight", .missing) { $0.tensors.removeFirst() },
      Fault("last missing", "ln_f.bias", .missing) { $0.tensors.removeLast() },
      Fault("one in a block missing", "h.1.attn.c_proj.bias", .missing) {
        $0.tensors.remove(at: $0.index(of: "h.1.attn.c_proj.bias"))
      },
      Fault("no tensors", "wte.weight", .missing) { $0.tensors = [] },
      Fault("untied without a head", "lm_head.weight", .missing) { untied(&$0) },
      Fault("transposed", "h.0.attn.c_attn.weight", .wrongShape(found: [12, 4], expected: [4, 12])) {
        $0.tensors[$0.index(of: "h.0.attn.c_attn.weight")].shape = [12, 4]
      },
      Fault("another rank", "ln_f.weight", .wrongShape(found: [1, 4], expected: [4])) {
        $0.tensors[$0.index(of: "ln_f.weight")].shape = [1, 4]
      },
      Fault("head tied but of another shape", "lm_head.weight", .wrongShape(found: [4, 7], expected: [7, 4])) {
        $0.tensors.append(ToyCheckpoint.tensor("lm_head.weight", [4, 7]))
      },
      Fault("integers", "wpe.weight", .wrongType("I32")) { $0.tensors[$0.index(of: "wpe.weight")].type = "I32" },
      Fault(
        "same under both names", "wpe.weight",
        .duplicate(names: ["wpe.weight", "transformer.wpe.weight"], otherFile: "memory/model.safetensors")
      ) {
        $0.tensors.append(ToyCheckpoint.tensor("wpe.weight", [5, 4], prefix: "transformer."))
      },
      Fault("a head with an offset", "lm_head.bias", .headBias) {
        $0.tensors.append(ToyCheckpoint.tensor("lm_head.bias", [7]))
      },
      Fault("prefixed twice", "transformer.transformer.wte.weight", .otherName(missing: "wte.weight")) {
        $0.tensors[0].name = "transformer.transformer.wte.weight"
      },
      Fault("a block too many", "transformer.h.2.ln_1.bias", .unknown(layerCount: 2)) {
        $0.tensors.append(ToyCheckpoint.tensor("h.2.ln_1.bias", [4], prefix: "transformer."))
      },
      Fault("a mask of a block too many", "h.2.attn.bias", .unknown(layerCount: 2)) {
        $0.tensors.append(ToyCheckpoint.tensor("h.2.attn.bias", [4]))
      },
      Fault("a block's number written otherwise", "h.01.ln_1.bias", .unknown(layerCount: 2)) {
        $0.tensors[$0.index(of: "h.1.ln_1.bias")].name = "h.01.ln_1.bias"
      },
      Fault("a block number beyond Int", "h.99999999999999999999.ln_1.bias", .unknown(layerCount: 2)) {
        $0.tensors.append(ToyCheckpoint.tensor("h.99999999999999999999.ln_1.bias", [4]))
      },
    ])
  func faults(fault: Fault) throws {
    var toy = ToyCheckpoint()
    fault.change(&toy)
    let error = #expect(throws: CheckpointError.self) { _ = try Checkpoint(.memory(toy.files)) }
    #expect(error == fault.error)
    #expect(error?.description.isOneLine == true)
    #expect(error?.description.hasPrefix("memory/model.safetensors: tensor \"") == true)
  }

  @Test("leaves aside what is no part of GPT-2, of any type, and says what")
  func leftAside() throws {
    let others = [
      "score.weight", "v_head.summary.weight", "v_head.summary.bias", "multiple_choice_head.summary.weight",
      "transformer.position_ids", "transformer.h.1.crossattention.c_attn.bias", "lm_head.bias",
    ]
    var toy = ToyCheckpoint(prefix: "transformer.")
    let plain = try Checkpoint(.memory(toy.files))
    #expect(plain.leftAside == [])
    for name in others {
      let type = name.hasSuffix("ids") ? "I64" : "F16"
      toy.tensors.append(
        .init(name: name, type: type, shape: [2, 3], bytes: Array(repeating: 0, count: type == "I64" ? 48 : 12)))
    }
    for files in [toy.files, toy.shardedFiles] {
      let checkpoint = try Checkpoint(.memory(files))
      #expect(Set(checkpoint.leftAside) == Set(others))
      #expect(try checkpoint.fingerprint() == plain.fingerprint())
    }
  }

  @Test("computes with doubles as with the floats that they round to")
  func doubles() throws {
    let toy = ToyCheckpoint()
    var other = toy
    for index in other.tensors.indices {
      other.tensors[index].bytes = (0..<other.tensors[index].shape.reduce(1, *)).flatMap { element in
        let value = Double(element % 17) / 7 - 1.1
        return withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      }
      other.tensors[index].type = "F64"
    }
    let checkpoint = try Checkpoint(.memory(other.files))
    let values = try checkpoint.floats("wpe.weight", shape: [5, 4])
    #expect(values == (0..<20).map { Float(Double($0 % 17) / 7 - 1.1) })
    #expect(try checkpoint.tensor("wpe.weight", shape: [5, 4]).byteCount == 160)
  }

  @Test(
    "goes by generation_config.json alone where there is one, as transformers 5.24 does",
    arguments: [
      (#"{"eos_token_id":3,"bos_token_id":2}"#, [3], 2), (#"{"eos_token_id":[3,4]}"#, [3, 4], nil),
      (#"{"eos_token_id":-1,"bos_token_id":-1}"#, [], nil), (#"{"eos_token_id":null}"#, [], nil), ("{}", [], nil),
      (#"{"_from_model_config":true,"temperature":NaN,"eos_token_id":[99,1]}"#, [1], nil), (nil, [6], 5),
    ] as [(String?, [Int], Int?)])
  func ends(generation: String?, ends: [Int], beginning: Int?) throws {
    var toy = ToyCheckpoint()
    toy.configuration = toy.configuration.replacing("}", with: #","eos_token_id":6,"bos_token_id":5}"#)
    var files = toy.files
    if let generation { files["generation_config.json"] = Array(generation.utf8) }
    let checkpoint = try Checkpoint(.memory(files))
    #expect(checkpoint.configuration.endOfTextTokens == ends)
    #expect(checkpoint.configuration.beginningOfTextToken == beginning)
    #expect(checkpoint.endsFile == (generation == nil ? "config.json" : "generation_config.json"))
    #expect(try checkpoint.fingerprint() == Checkpoint(.memory(toy.files)).fingerprint())
  }

  @Test("says which file is wrong", arguments: ["", "[]", #"{"eos_token_id":"3"}"#, #"{"bos_token_id":[[1]]}"#])
  func wrongEnds(generation: String) throws {
    var files = ToyCheckpoint().files
    files["generation_config.json"] = Array(generation.utf8)
    let error = try #require(throws: CheckpointError.self) { _ = try Checkpoint(.memory(files)) }
    #expect(error.description.hasPrefix("memory/generation_config.json: "))
    #expect(error.description.isOneLine)
  }

  @Test("names the part of a file and its place in errors of values")
  func notFinite() {
    let error = CheckpointError.notFinite(tensor: "h.0.ln_1.bias", file: "m/model.safetensors", index: 3)
    #expect(
      error.description.hasPrefix("m/model.safetensors: tensor \"h.0.ln_1.bias\" holds NaN or infinity at element 3"))
    #expect(error.description.isOneLine)
  }
}

extension StoredTensor {
  /// The stored bytes of some elements.
  func bytes(_ range: Range<Int>) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xAA, count: range.count * elementType.byteCount)
    try bytes.withUnsafeMutableBytes { try read(elements: range, into: $0) }
    return bytes
  }
}

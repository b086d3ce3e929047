import TestSupport
import Testing

@testable import GPT2

@Suite("Fingerprint")
struct FingerprintTests {
  private static func fingerprint(_ files: [String: [UInt8]]) throws -> Fingerprint {
    try Checkpoint(.memory(files)).fingerprint()
  }

  // Tests/Scripts/toy_fingerprints.py computes these with Python's hashlib from the format that
  // Fingerprint's documentation gives.
  @Test("is what the documented format says")
  func knownValues() throws {
    let checkpoint = try Checkpoint(.memory(ToyCheckpoint().files))
    #expect(
      try checkpoint.tensor("ln_f.bias", shape: [4]).fingerprint().description
        == "a19f064400dd092f366d610adb8890d106c1252a7e270925f268da3c54bc1529")
    #expect(
      try checkpoint.fingerprint().description == "11848ab0201f26c7cc6474e03cb03e82e9386bb9b3b970862ae568265b975c10")
    #expect(
      try checkpoint.fingerprint(of: [.block(1), .finalNorm]).description
        == "6654dc85458f469c5321495eadce373eb479ccb2679e15b108e711c97a0b606b")
  }

  @Test("does not depend on files, prefixes, order, masks or the copy of a tied head")
  func sameTensors() throws {
    let toy = ToyCheckpoint()
    let expected = try Self.fingerprint(toy.files)
    #expect(try Self.fingerprint(toy.shardedFiles) == expected)
    #expect(try Self.fingerprint(ToyCheckpoint(prefix: "transformer.").files) == expected)
    #expect(try Self.fingerprint(ToyCheckpoint(prefix: "transformer.").shardedFiles) == expected)
    var other = toy
    other.tensors.reverse()
    var copy = other.tensors[other.index(of: "wte.weight")]
    copy.name = "lm_head.weight"
    other.tensors.append(copy)
    other.tensors.append(.init(name: "h.0.attn.bias", type: "U8", shape: [1], bytes: [1]))
    other.configuration = other.configuration.replacing(
      "}", with: #","activation_function":"gelu_pytorch_tanh","eos_token_id":3,"x":1}"#)
    #expect(try Self.fingerprint(other.files) == expected)
    let folder = try TemporaryFolder(toy.files)
    #expect(try Checkpoint(folder.checkpointFolder).fingerprint() == expected)
  }

  @Test("depends on every tensor's every byte, on its type, and on the configuration")
  func differences() throws {
    let toy = ToyCheckpoint()
    var seen: Set<Fingerprint> = [try Self.fingerprint(toy.files)]
    for index in toy.tensors.indices {
      for byte in [0, toy.tensors[index].bytes.count - 1] {
        var other = toy
        other.tensors[index].bytes[byte] ^= 1
        #expect(seen.insert(try Self.fingerprint(other.files)).inserted, "\(toy.tensors[index].name) byte \(byte)")
      }
    }
    for type in ["F16", "BF16"] {
      var other = toy
      other.tensors[0].type = type
      other.tensors[0].bytes.removeLast(other.tensors[0].bytes.count / 2)
      #expect(seen.insert(try Self.fingerprint(other.files)).inserted)
    }
    // Two tensors of one shape change places.
    var other = toy
    let (weight, bias) = (other.index(of: "ln_f.weight"), other.index(of: "ln_f.bias"))
    (other.tensors[weight].bytes, other.tensors[bias].bytes) = (toy.tensors[bias].bytes, toy.tensors[weight].bytes)
    #expect(seen.insert(try Self.fingerprint(other.files)).inserted)
    for field in [
      #""n_head":4"#, #""layer_norm_epsilon":0.5"#, #""activation_function":"relu""#, #""scale_attn_weights":false"#,
      #""scale_attn_by_inverse_layer_idx":true"#,
    ] {
      var other = toy
      other.configuration = other.configuration.replacing(
        #""n_head":2,"#, with: field.contains("n_head") ? "" : #""n_head":2,"#
      )
      .replacing("}", with: ",\(field)}")
      #expect(seen.insert(try Self.fingerprint(other.files)).inserted, "\(field)")
    }
  }

  @Test("can be computed tensor by tensor in any order, and for a slice alone")
  func combined() throws {
    let checkpoint = try Checkpoint(.memory(ToyCheckpoint().files))
    var tensors: [(name: String, fingerprint: Fingerprint)] = []
    for tensor in checkpoint.configuration.parts.flatMap(checkpoint.tensors(of:)) {
      tensors.append((tensor.name, try tensor.fingerprint()))
    }
    let whole = try checkpoint.fingerprint()
    #expect(Fingerprint(checkpoint.configuration, tensors) == whole)
    #expect(Fingerprint(checkpoint.configuration, tensors.reversed()) == whole)
    #expect(Fingerprint(checkpoint.configuration, tensors.dropLast()) != whole)
    let slice = tensors.filter { $0.name.hasPrefix("h.1.") }
    #expect(slice.count == 12)
    #expect(try checkpoint.fingerprint(of: [.block(1)]) == Fingerprint(checkpoint.configuration, slice))
    #expect(try checkpoint.fingerprint(of: [.block(0)]) != checkpoint.fingerprint(of: [.block(1)]))
  }

  @Test("is hashed in pieces without a seam")
  func pieces() throws {
    // 1,100,000 bytes: one whole piece of 1 MiB and a part of a second.
    let configuration = Configuration(
      layerCount: 1, headCount: 1, width: 1, positionCount: 1, innerWidth: 1, vocabularySize: 275_000)
    var toy = ToyCheckpoint(configuration)
    toy.configuration = #"{"n_layer":1,"n_head":1,"n_embd":1,"n_positions":1,"n_inner":1,"vocab_size":275000}"#
    let tensor = try Checkpoint(.memory(toy.files)).tensor("wte.weight", shape: [275_000, 1])
    var hasher = Fingerprint.Hasher("gpt2 tensor 1\n")
    hasher.update("wte.weight F32 275000,1\n")
    toy.tensors[0].bytes.withUnsafeBytes { hasher.update($0) }
    let whole = hasher.finish()
    #expect(try tensor.fingerprint() == whole)
  }

  @Test("is written as 64 hexadecimal digits and read from nothing else")
  func hexadecimal() throws {
    let bytes = (0..<32).map { UInt8($0 * 8 + 7) }
    let fingerprint = try #require(Fingerprint(bytes: bytes))
    let text = "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff"
    #expect(fingerprint.description == text)
    #expect(Fingerprint(hexadecimal: text) == fingerprint)
    for wrong in [
      "", String(text.dropLast()), text + "0", text.uppercased(), "g" + text.dropFirst(), "é" + text.dropFirst(2),
    ] {
      #expect(Fingerprint(hexadecimal: wrong) == nil)
    }
    #expect(Fingerprint(bytes: Array(bytes.dropLast())) == nil)
  }
}

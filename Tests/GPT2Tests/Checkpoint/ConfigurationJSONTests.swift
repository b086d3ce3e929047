import GPT2
import TestSupport
import Testing

@Suite("config.json")
struct ConfigurationJSONTests {
  private static func read(_ json: String) throws(CheckpointError) -> Configuration {
    try Configuration(json: Array(json.utf8), file: "m/config.json")
  }

  @Test("takes what is absent from transformers' defaults: gpt2 itself")
  func defaults() throws {
    let expected = Configuration(
      layerCount: 12, headCount: 12, width: 768, positionCount: 1024, innerWidth: 3072, vocabularySize: 50257,
      layerNormEpsilon: 1e-5, activation: .geluTanh, scalesAttention: true, scalesAttentionByInverseLayer: false,
      tiesHead: true, endOfTextTokens: [50256], beginningOfTextToken: 50256)
    var endless = expected
    (endless.endOfTextTokens, endless.beginningOfTextToken) = ([], nil)
    #expect(try Self.read("{}") == endless)
    #expect(endless.isLike(expected))
    // The published file of gpt2, as far as this program reads it, and some that it does not.
    #expect(
      try Self.read(
        """
        {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
         "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "initializer_range": 0.02,
         "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12,
         "n_positions": 1024, "resid_pdrop": 0.1, "summary_type": "cls_index", "task_specific_params":
         {"text-generation": {"do_sample": true, "max_length": 50}}, "vocab_size": 50257}
        """) == expected)
  }

  @Test("reads every field")
  func everyField() throws {
    let configuration = try Self.read(
      """
      {"n_layer": 3, "n_head": 5, "n_embd": 35, "n_positions": 17, "n_ctx": 99, "n_inner": 41, "vocab_size": 211,
       "layer_norm_epsilon": 0.25, "activation_function": "relu", "scale_attn_weights": false,
       "scale_attn_by_inverse_layer_idx": true, "tie_word_embeddings": false, "eos_token_id": 210,
       "bos_token_id": 209, "model_type": "gpt2", "add_cross_attention": false}
      """)
    #expect(
      configuration
        == Configuration(
          layerCount: 3, headCount: 5, width: 35, positionCount: 17, innerWidth: 41, vocabularySize: 211,
          layerNormEpsilon: 0.25, activation: .relu, scalesAttention: false, scalesAttentionByInverseLayer: true,
          tiesHead: false, endOfTextTokens: [210], beginningOfTextToken: 209))
  }

  @Test(
    "knows the activations by all their names",
    arguments: [
      ("gelu_new", .geluTanh), ("gelu_pytorch_tanh", .geluTanh), ("gelu_fast", .geluTanh),
      ("gelu_accurate", .geluTanh), ("gelu_python_tanh", .geluTanh), ("gelu", .gelu), ("gelu_python", .gelu),
      ("silu", .silu), ("swish", .silu), ("quick_gelu", .quickGELU), ("leaky_relu", .leakyReLU),
      ("hardswish", .hardSwish), ("sqrtsoftplus", .sqrtSoftplus), ("gelu_10", .gelu10), ("relu2", .relu2),
    ] as [(String, Configuration.Activation)])
  func activations(name: String, expected: Configuration.Activation) throws {
    #expect(try Self.read(#"{"activation_function":"\#(name)"}"#).activation == expected)
  }

  @Test("takes transformers' other names, and n_ctx where there is no n_positions")
  func otherNames() throws {
    let other = try Self.read(
      #"{"num_hidden_layers":3,"num_attention_heads":2,"hidden_size":8,"max_position_embeddings":9}"#)
    #expect(
      [other.layerCount, other.headCount, other.width, other.positionCount, other.innerWidth] == [3, 2, 8, 9, 32])
    #expect(try Self.read(#"{"n_ctx":77}"#).positionCount == 77)
    #expect(try Self.read(#"{"n_inner":null,"n_embd":24}"#).innerWidth == 96)
    #expect(try Self.read(#"{"layer_norm_epsilon":1}"#).layerNormEpsilon == 1)
  }

  @Test(
    "takes one token, several or none to end a text, those of the vocabulary",
    arguments: [
      ("7", [7]), ("null", []), ("[]", []), ("[7, 3, 7]", [7, 3]), ("99", [99]), ("100", []), ("[100,1]", [1]),
      ("-1", []), ("[-1, 7]", [7]), ("7.0", [7]),
    ] as [(String, [Int])])
  func endOfText(json: String, expected: [Int]) throws {
    #expect(try Self.read(#"{"vocab_size":100,"eos_token_id":\#(json)}"#).endOfTextTokens == expected)
  }

  @Test("reads what Python writes: NaN, infinities, a null model_type")
  func python() throws {
    let configuration = try Self.read(
      #"{"model_type":null,"initializer_range":NaN,"x":[Infinity,-Infinity,1e999],"n_layer":3}"#)
    #expect(configuration.layerCount == 3)
  }

  @Test("makes no count that overflows from the largest sizes")
  func largest() throws {
    let configuration = try Self.read(
      """
      {"n_layer": 1024, "n_head": 65536, "n_embd": 65536, "n_positions": 1048576, "n_inner": 1048576,
       "vocab_size": 16777216, "tie_word_embeddings": false}
      """)
    let elements = configuration.parts.flatMap(configuration.tensors(of:)).map { $0.shape.reduce(1, *) }.reduce(0, +)
    #expect(elements == 160_599_094_984_704)
  }

  private static func size(_ limit: Int) -> String { "an integer from 1 to \(limit)" }
  private static let tokens = "a token id, an array of at most 64, or null"

  @Test(
    "refuses what does not fit, by the field's name",
    arguments: [
      ("[]", .notAnObject(found: "an array")), ("null", .notAnObject(found: "null")),
      (#"{"model_type":"gpt_neo"}"#, .unsupportedModel("gpt_neo")),
      (#"{"add_cross_attention":true}"#, .unsupportedFeature(field: "add_cross_attention")),
      (#"{"n_layer":0}"#, .invalidField("n_layer", found: "the integer 0", expected: size(1024))),
      (#"{"n_layer":-1}"#, .invalidField("n_layer", found: "the integer -1", expected: size(1024))),
      (#"{"n_layer":1025}"#, .invalidField("n_layer", found: "the integer 1025", expected: size(1024))),
      (#"{"n_layer":12.0}"#, .invalidField("n_layer", found: "the number 12.0", expected: size(1024))),
      (#"{"n_layer":"12"}"#, .invalidField("n_layer", found: "the string \"12\"", expected: size(1024))),
      (#"{"n_layer":null}"#, .invalidField("n_layer", found: "null", expected: size(1024))),
      (#"{"n_layer":1e999}"#, .invalidField("n_layer", found: "the number inf", expected: size(1024))),
      (#"{"n_head":0}"#, .invalidField("n_head", found: "the integer 0", expected: size(65536))),
      (#"{"n_head":5}"#, .notDivisible(width: 768, headCount: 5)),
      (#"{"n_head":1536}"#, .notDivisible(width: 768, headCount: 1536)),
      (#"{"n_embd":65537}"#, .invalidField("n_embd", found: "the integer 65537", expected: size(65536))),
      (#"{"n_embd":true}"#, .invalidField("n_embd", found: "true", expected: size(65536))),
      (#"{"hidden_size":[]}"#, .invalidField("hidden_size", found: "an array", expected: size(65536))),
      (#"{"n_embd":12,"hidden_size":24}"#, .contradiction("n_embd", "hidden_size")),
      (
        #"{"n_positions":1048577}"#,
        .invalidField("n_positions", found: "the integer 1048577", expected: size(1_048_576))
      ),
      (#"{"n_ctx":0}"#, .invalidField("n_ctx", found: "the integer 0", expected: size(1_048_576))),
      (#"{"n_inner":0}"#, .invalidField("n_inner", found: "the integer 0", expected: size(1_048_576))),
      (#"{"n_inner":false}"#, .invalidField("n_inner", found: "false", expected: size(1_048_576))),
      (
        #"{"vocab_size":9223372036854775807}"#,
        .invalidField("vocab_size", found: "the integer 9223372036854775807", expected: size(16_777_216))
      ),
      (#"{"activation_function":"prelu"}"#, .unsupportedActivation("prelu")),
      (
        #"{"activation_function":3}"#,
        .invalidField("activation_function", found: "the integer 3", expected: "a string")
      ),
      (
        #"{"layer_norm_epsilon":0}"#,
        .invalidField("layer_norm_epsilon", found: "the integer 0", expected: "a number over 0 and at most 1")
      ),
      (
        #"{"layer_norm_epsilon":-1e-5}"#,
        .invalidField("layer_norm_epsilon", found: "the number -1e-05", expected: "a number over 0 and at most 1")
      ),
      (
        #"{"layer_norm_epsilon":1e-60}"#,
        .invalidField("layer_norm_epsilon", found: "the number 1e-60", expected: "a number over 0 and at most 1")
      ),
      (
        #"{"layer_norm_epsilon":1.5}"#,
        .invalidField("layer_norm_epsilon", found: "the number 1.5", expected: "a number over 0 and at most 1")
      ),
      (
        #"{"layer_norm_epsilon":"1e-5"}"#,
        .invalidField("layer_norm_epsilon", found: "the string \"1e-5\"", expected: "a number over 0 and at most 1")
      ),
      (
        #"{"scale_attn_weights":1}"#,
        .invalidField("scale_attn_weights", found: "the integer 1", expected: "true or false")
      ),
      (
        #"{"scale_attn_by_inverse_layer_idx":"no"}"#,
        .invalidField("scale_attn_by_inverse_layer_idx", found: "the string \"no\"", expected: "true or false")
      ),
      (
        #"{"tie_word_embeddings":null}"#,
        .invalidField("tie_word_embeddings", found: "null", expected: "true or false")
      ),
      (#"{"eos_token_id":true}"#, .invalidField("eos_token_id", found: "true", expected: tokens)),
      (#"{"eos_token_id":7.5}"#, .invalidField("eos_token_id", found: "the number 7.5", expected: tokens)),
      (#"{"eos_token_id":[1,"2"]}"#, .invalidField("eos_token_id", found: "the string \"2\"", expected: tokens)),
      (
        #"{"eos_token_id":[\#(Array(repeating: "1", count: 65).joined(separator: ","))]}"#,
        .invalidField("eos_token_id", found: "an array of 65 values", expected: tokens)
      ),
      (#"{"n_layer":12,}"#, nil), (#"{"layer_norm_epsilon":nan}"#, nil),
      (
        #"{"layer_norm_epsilon":NaN}"#,
        .invalidField("layer_norm_epsilon", found: "the number nan", expected: "a number over 0 and at most 1")
      ),
      (#"{"n_layer":1,"n_layer":2}"#, nil),
      ("", nil),
    ] as [(String, CheckpointError.ConfigurationProblem?)])
  func refuses(json: String, problem: CheckpointError.ConfigurationProblem?) throws {
    let error = try #require(throws: CheckpointError.self) { _ = try Self.read(json) }
    if let problem {
      #expect(error == .configuration(file: "m/config.json", problem))
    } else if case .json("m/config.json", _) = error {
    } else {
      Issue.record("expected an error of JSON, found \(error)")
    }
    #expect(error.description.isOneLine)
    #expect(error.description.hasPrefix("m/config.json: "))
  }
}

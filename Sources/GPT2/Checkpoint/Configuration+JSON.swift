extension Configuration {
  /// Reads `config.json`; whatever it leaves out has the default of transformers' `GPT2Config`.
  ///
  /// `file` is for messages. Throws `.json` and `.configuration` errors. Every size is bounded, far above gpt2-xl but
  /// such that no count of elements or bytes made of them overflows. End-of-text tokens that the vocabulary does not
  /// have can never be met and are left out: small models often carry the default, 50256.
  public init(json bytes: [UInt8], file: String) throws(CheckpointError) {
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes) } catch { throw .json(file: file, error) }
    do throws(CheckpointError.ConfigurationProblem) {
      guard case .object(let object) = json else { throw .notAnObject(found: json.kind) }
      try self.init(ConfigurationFields(object))
    } catch {
      throw .configuration(file: file, error)
    }
  }

  private init(_ fields: ConfigurationFields) throws(CheckpointError.ConfigurationProblem) {
    if let type = try fields.string("model_type"), ExactString(type) != ExactString("gpt2") {
      throw .unsupportedModel(type)
    }
    if try fields.boolean("add_cross_attention") ?? false { throw .unsupportedFeature(field: "add_cross_attention") }
    // The second names are those that transformers takes for the same fields.
    let layerCount = try fields.size("n_layer", "num_hidden_layers", limit: 1 << 10) ?? 12
    let headCount = try fields.size("n_head", "num_attention_heads", limit: 1 << 16) ?? 12
    let width = try fields.size("n_embd", "hidden_size", limit: 1 << 16) ?? 768
    guard width % headCount == 0 else { throw .notDivisible(width: width, headCount: headCount) }
    var positionCount = try fields.size("n_positions", "max_position_embeddings", limit: 1 << 20)
    // Written beside n_positions, and once instead of it, by transformers before version 4.
    if positionCount == nil { positionCount = try fields.size("n_ctx", limit: 1 << 20) }
    let vocabularySize = try fields.size("vocab_size", limit: 1 << 24) ?? 50257
    self.init(
      layerCount: layerCount, headCount: headCount, width: width, positionCount: positionCount ?? 1024,
      innerWidth: fields.isNull("n_inner") ? nil : try fields.size("n_inner", limit: 1 << 20),
      vocabularySize: vocabularySize,
      layerNormEpsilon: try fields.epsilon("layer_norm_epsilon") ?? 1e-5,
      activation: try fields.activation("activation_function") ?? .geluTanh,
      scalesAttention: try fields.boolean("scale_attn_weights") ?? true,
      scalesAttentionByInverseLayer: try fields.boolean("scale_attn_by_inverse_layer_idx") ?? false,
      tiesHead: try fields.boolean("tie_word_embeddings") ?? true,
      endOfTextTokens: try fields.tokens("eos_token_id", default: [50256]).filter { $0 < vocabularySize })
  }

  /// The text of a `config.json` that ``init(json:file:)`` reads back as this configuration, floats exactly.
  ///
  /// That holds for whatever was read; a configuration made by hand beyond the reader's limits is refused when it is read.
  public var json: [UInt8] {
    let fields: [(String, JSONValue)] = [
      ("model_type", .string("gpt2")), ("n_layer", .integer(layerCount)), ("n_head", .integer(headCount)),
      ("n_embd", .integer(width)), ("n_positions", .integer(positionCount)), ("n_inner", .integer(innerWidth)),
      ("vocab_size", .integer(vocabularySize)),
      // The shortest digits of the Double that it is, since the reader rounds to Double first.
      ("layer_norm_epsilon", .number(Double(layerNormEpsilon))),
      ("activation_function", .string(activation.rawValue)), ("scale_attn_weights", .boolean(scalesAttention)),
      ("scale_attn_by_inverse_layer_idx", .boolean(scalesAttentionByInverseLayer)),
      ("tie_word_embeddings", .boolean(tiesHead)), ("eos_token_id", .array(endOfTextTokens.map(JSONValue.integer))),
    ]
    return Array(JSONValue.object(JSONObject(fields.map { (key: $0, value: $1) })).description.utf8)
  }
}

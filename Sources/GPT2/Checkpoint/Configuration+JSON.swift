internal import JSON

extension Configuration {
  /// Reads `config.json`; whatever it leaves out has the default of transformers' `GPT2Config`.
  ///
  /// `file` is for messages. Throws `.json` and `.configuration` errors. Every size is bounded, far above gpt2-xl but
  /// such that no count of elements or bytes made of them overflows. Where texts begin and end has no default.
  public init(json bytes: [UInt8], file: String) throws(CheckpointError) {
    let fields = try Self.fields(bytes, file: file)
    do throws(CheckpointError.ConfigurationProblem) {
      try self.init(fields)
      try setEnds(fields)
    } catch {
      throw .configuration(file: file, error)
    }
  }

  /// Takes from `generation_config.json` where texts begin and end. As in transformers (5.24), that file replaces what
  /// `config.json` says of it altogether: a field that it leaves out, or null, is none.
  ///
  /// Throws as ``init(json:file:)``.
  mutating func setEnds(generationJSON bytes: [UInt8], file: String) throws(CheckpointError) {
    let fields = try Self.fields(bytes, file: file)
    do throws(CheckpointError.ConfigurationProblem) { try setEnds(fields) } catch {
      throw .configuration(file: file, error)
    }
  }

  private mutating func setEnds(_ fields: ConfigurationFields) throws(CheckpointError.ConfigurationProblem) {
    endOfTextTokens = try fields.tokens("eos_token_id", vocabularySize: vocabularySize)
    beginningOfTextToken = try fields.tokens("bos_token_id", vocabularySize: vocabularySize).first
  }

  private static func fields(_ bytes: [UInt8], file: String) throws(CheckpointError) -> ConfigurationFields {
    let json: JSONValue
    do { json = try JSONValue(parsing: bytes, limits: JSONLimits(allowsNonFinite: true)) } catch {
      throw .json(file: file, error)
    }
    guard case .object(let object) = json else { throw .configuration(file: file, .notAnObject(found: json.kind)) }
    return ConfigurationFields(object)
  }

  private init(_ fields: ConfigurationFields) throws(CheckpointError.ConfigurationProblem) {
    if !fields.isNull("model_type"), let type = try fields.string("model_type"),
      ExactString(type) != ExactString("gpt2")
    {
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
      tiesHead: try fields.boolean("tie_word_embeddings") ?? true)
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
      ("bos_token_id", beginningOfTextToken.map(JSONValue.integer) ?? .null),
    ]
    return Array(JSONValue.object(JSONObject(fields.map { (key: $0, value: $1) })).description.utf8)
  }
}

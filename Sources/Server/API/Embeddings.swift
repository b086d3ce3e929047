internal import FoundationEssentials
internal import GPT2

/// What `POST /v1/embeddings` asks for.
struct EmbeddingRequest {
  var model: String?
  var inputs: [TextOrTokens]
  var reading: TextReading
  /// Whether vectors come as base64 of little-endian fp32, as the official Python client asks for.
  var isBase64: Bool
  var truncation: PromptTruncation?

  private static let names: Set<String> = RequestFields.others.union(TextReading.names).union([
    "model", "input", "encoding_format", "dimensions", "truncate_prompt_tokens", "truncation_side",
    "request_id", "normalize", "use_activation",
  ])

  /// - Parameter width: numbers of a vector.
  /// - Throws: ``APIError`` that names the field.
  init(_ bytes: [UInt8], width: Int, limits: ServerLimits) throws(APIError) {
    // Of token ids, each is a value of its own.
    let fields = try RequestFields(bytes, valueLimit: limits.embeddingInputs * 1100)
    try fields.allow(only: Self.names)
    try fields.checkOthers()
    if let dimensions = try fields.integer("dimensions", in: 1...Int.max), dimensions != width {
      throw .invalid("dimensions", "dimensions is \(dimensions); this model's vectors have \(width) numbers, always")
    }
    for name in ["normalize", "use_activation"] where try fields.boolean(name) == true {
      throw .invalid(name, "\(name) is not supported: vectors come as they are")
    }
    _ = try fields.string("request_id")
    model = try fields.string("model")
    truncation = try PromptTruncation.of(fields, side: .right)
    guard let inputs = try fields.inputs("input", limit: limits.embeddingInputs) else {
      throw .invalid("input", "input is missing")
    }
    self.inputs = inputs
    reading = try TextReading(fields)
    switch try fields.string("encoding_format") ?? "float" {
    case "float": isBase64 = false
    case "base64": isBase64 = true
    case let other: throw .invalid("encoding_format", "encoding_format is float or base64, not \(other.prefix(40))")
    }
  }
}

extension EmbeddingRequest {
  /// The tokens of each input.
  ///
  /// - Throws: ``APIError`` that names the input that has none, does not fit, or is not of this model.
  func tokens(_ tokenizer: Tokenizer, _ configuration: Configuration) throws(APIError) -> [[Int]] {
    var all: [[Int]] = []
    for (index, input) in inputs.enumerated() {
      let place = inputs.count == 1 ? "input" : "input[\(index)]"
      var tokens =
        switch input {
        case .text(let text): reading.tokens(of: text, tokenizer)
        case .tokens(let tokens): tokens
        }
      if let truncation { tokens = try truncation.apply(to: tokens, room: configuration.positionCount) }
      guard !tokens.isEmpty else { throw .invalid("input", "\(place) is empty; leave it out or give a text") }
      guard tokens.count <= configuration.positionCount else {
        throw .invalid(
          "input",
          "\(place) has \(tokens.count) tokens, and the model reads at most \(configuration.positionCount); shorten it or give truncate_prompt_tokens",
          code: "context_length_exceeded")
      }
      if let token = tokens.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
        throw .invalid(
          "input", "\(place) has token \(token); this model knows 0 to \(configuration.vocabularySize - 1)")
      }
      all.append(tokens)
    }
    return all
  }
}

/// The answer to `POST /v1/embeddings`, which is written vector by vector since all of them are large as JSONText.
struct EmbeddingResponse {
  enum Vector: Encodable {
    case floats([Float])
    case base64(String)

    init(_ values: [Float], isBase64: Bool) {
      self =
        isBase64
        ? .base64(values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }.base64EncodedString())
        : .floats(values)
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .floats(let values): try container.encode(values)
      case .base64(let text): try container.encode(text)
      }
    }
  }

  struct Item: Encodable {
    var object = "embedding"
    var index: Int
    var embedding: Vector
  }

  struct PromptUsage: Encodable {
    var promptTokens: Int
    var totalTokens: Int

    enum CodingKeys: String, CodingKey {
      case promptTokens = "prompt_tokens"
      case totalTokens = "total_tokens"
    }
  }

  /// All but the vectors.
  private struct Rest: Encodable {
    var object = "list"
    var model: String
    var usage: PromptUsage
  }

  var vectors: [[Float]]
  var isBase64: Bool
  var model: String
  var tokenCount: Int

  /// The answer's pieces, one after the other.
  var pieces: some Sequence<String> & Sendable {
    let rest = JSONText.text(Rest(model: model, usage: PromptUsage(promptTokens: tokenCount, totalTokens: tokenCount)))
    return (0...vectors.count).lazy.map { [vectors, isBase64] index in
      let before = index == 0 ? #"{"data":["# : index < vectors.count ? "," : ""
      guard index < vectors.count else { return before + "]," + rest.dropFirst() + "\n" }
      return before + JSONText.text(Item(index: index, embedding: .init(vectors[index], isBase64: isBase64)))
    }
  }
}

/// One model, as `GET /v1/models` lists it.
struct ModelResponse: Encodable {
  var id: String
  var object = "model"
  var created: Int
  var ownedBy = "gpt2"
  /// Most tokens of prompt and answer together.
  var contextLength: Int
  /// How its matrices are held in memory.
  var weights: String
  var settings: ModelSettings?

  enum CodingKeys: String, CodingKey {
    case id, object, created, weights, settings
    case ownedBy = "owned_by"
    case contextLength = "max_model_len"
  }
}

struct ModelListResponse: Encodable {
  var object = "list"
  var data: [ModelResponse]
}

/// The answers to `POST /tokenize` and `POST /detokenize`, as vLLM gives them.
struct TokenizeResponse: Encodable {
  var count: Int
  var contextLength: Int
  var tokens: [Int]
  /// Tokens as the vocabulary spells them.
  var spellings: [String]?

  enum CodingKeys: String, CodingKey {
    case count, tokens
    case contextLength = "max_model_len"
    case spellings = "token_strs"
  }

  // Clients read all four, so that nil is written as null.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(count, forKey: .count)
    try container.encode(contextLength, forKey: .contextLength)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(spellings, forKey: .spellings)
  }
}

struct DetokenizeResponse: Encodable {
  var prompt: String
}

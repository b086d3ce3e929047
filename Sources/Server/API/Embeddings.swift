internal import FoundationEssentials

/// What `POST /v1/embeddings` asks for.
struct EmbeddingRequest {
  var model: String?
  var inputs: [TextOrTokens]
  var reading: TextReading
  /// Whether vectors come as base64 of little-endian fp32, as the official Python client asks for.
  var isBase64: Bool

  /// - Throws: ``APIError`` that names the field.
  init(_ bytes: [UInt8], limits: ServerLimits) throws(APIError) {
    let fields = try RequestFields(bytes)
    try fields.allow(only: TextReading.names.union(["model", "input", "encoding_format", "dimensions", "user"]))
    guard fields["dimensions"] == nil else {
      throw .invalid("dimensions", "dimensions is not supported: the vectors have the model's width")
    }
    _ = try fields.string("user")
    model = try fields.string("model")
    guard let inputs = try fields.inputs("input", limit: limits.prompts) else {
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

/// The answer to `POST /v1/embeddings`.
struct EmbeddingResponse: Encodable {
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

  var object = "list"
  var data: [Item]
  var model: String
  var usage: PromptUsage
}

/// One model, as `GET /v1/models` lists it.
struct ModelResponse: Encodable {
  var id: String
  var object = "model"
  var created: Int
  var ownedBy = "gpt2"
  /// Most tokens of prompt and answer together.
  var contextLength: Int

  enum CodingKeys: String, CodingKey {
    case id, object, created
    case ownedBy = "owned_by"
    case contextLength = "max_model_len"
  }
}

struct ModelListResponse: Encodable {
  var object = "list"
  var data: [ModelResponse]
}

/// The answers to `POST /tokenize` and `POST /detokenize`.
struct TokenizeResponse: Encodable {
  var tokens: [Int]
  var count: Int
  var contextLength: Int

  enum CodingKeys: String, CodingKey {
    case tokens, count
    case contextLength = "max_model_len"
  }
}

struct DetokenizeResponse: Encodable {
  var prompt: String
}

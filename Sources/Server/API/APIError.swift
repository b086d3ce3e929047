internal import FoundationEssentials
internal import Hummingbird

/// An answer that says what is wrong with a request, in the shape that OpenAI's clients read.
struct APIError: Error {
  var status: HTTPResponse.Status
  var message: String
  var type = "invalid_request_error"
  /// The field of the request that it is about.
  var param: String?
  var code: String?
  /// Seconds after which to try again.
  var retryAfter: Int?
  /// What may be done at the address, when this may not.
  var allow: String?
  /// How bodies may be compressed, when this one was otherwise.
  var acceptEncoding: String?
  /// Whether the connection is used up.
  var closes = false

  /// A field that is missing, of the wrong type or out of range.
  static func invalid(_ param: String?, _ message: String, code: String? = nil) -> APIError {
    APIError(status: .badRequest, message: message, param: param, code: code)
  }

  static func unavailable(_ message: String) -> APIError {
    APIError(
      status: .serviceUnavailable, message: message, type: "server_error", code: "not_ready", retryAfter: 2)
  }

  static func overloaded(limit: Int, retryAfter: Int) -> APIError {
    APIError(
      status: .tooManyRequests,
      message: "\(limit) texts are being written or wait, which is the most this server takes; try again later",
      type: "rate_limit_error", code: "rate_limit_exceeded", retryAfter: retryAfter)
  }

  /// For the log more than for anybody: who has ended its half of the connection waits for no answer.
  static let clientGone = APIError(
    status: .init(code: 499, reasonPhrase: "Client Closed Request"),
    message: "the connection was closed before the answer was there; keep it open until then", code: "client_closed",
    closes: true)

  /// Anything that was not foreseen: the cause is for the log.
  static let failed = APIError(
    status: .internalServerError, message: "the server failed at this request; its log says why", type: "server_error")

  /// `{"error": {…}}`.
  var body: Body { Body(error: .init(message: message, type: type, param: param, code: code)) }

  struct Body: Encodable {
    struct Content: Encodable {
      var message: String
      var type: String
      var param: String?
      var code: String?

      enum CodingKeys: String, CodingKey { case message, type, param, code }

      // Clients read all four, so that nil is written as null.
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(message, forKey: .message)
        try container.encode(type, forKey: .type)
        try container.encode(param, forKey: .param)
        try container.encode(code, forKey: .code)
      }
    }

    var error: Content
  }

  var response: Response {
    var response = Response.json(body, status: status)
    if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
    if let allow { response.headers[.allow] = allow }
    if let acceptEncoding { response.headers[.acceptEncoding] = acceptEncoding }
    if closes { response.headers[.connection] = "close" }
    return response
  }
}

extension Response {
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(string: JSONText.text(value) + "\n")))
  }
}

internal import Coordinator
internal import HTTPTypes
internal import Hummingbird
internal import ServerPage
internal import Synchronization

/// Answers that show the server and its pipeline.
extension Routes {
  func page() -> Response {
    var count = 0
    let bytes = UnsafeRawBufferPointer(start: server_page(&count), count: count)
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
        .contentSecurityPolicy:
          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        .xContentTypeOptions: "nosniff",
      ], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  func ready() -> Response {
    struct Answer: Encodable { var status: String, reason: String? }
    let state = server.state.value
    guard case .ready = state else {
      var response = Response.json(Answer(status: state.name, reason: state.openReason), status: .serviceUnavailable)
      response.headers[.retryAfter] = "2"
      return response
    }
    return .json(Answer(status: state.name, reason: nil))
  }

  func pipeline(_ request: Request) throws -> Response {
    let after = request.uri.queryParameters["after"].map { UInt64($0) }
    if case .some(nil) = after { throw APIError.invalid("after", "after has to be a number of a micro-batch") }
    return .json(
      server.pipeline.snapshot(server.options, state: server.state.value, after: after ?? nil))
  }

  func cluster() -> Response {
    .json(
      ClusterResponse(
        state: server.state.value, weights: server.pipeline.weights, server.engine.statistics))
  }

  func metrics() -> Response {
    var text = PrometheusText()
    server.metrics.describe(into: &text)
    text.single("gpt2_http_connections", .gauge, "Connections that are open.", Double(server.connections.count))
    server.pipeline.describe(
      into: &text, model: server.options.model, admission: server.admission, counts: server.notices.withLock { $0 })
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(string: text.text)))
  }
}

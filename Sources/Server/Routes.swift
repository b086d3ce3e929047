internal import Coordinator
internal import FoundationEssentials
internal import GPT2
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// What is answered where.
struct Routes {
  let server: Server

  init(_ server: Server) { self.server = server }

  /// What may be done where. Metrics tell these paths apart; all others are "other".
  static let methods: [String: String] = {
    let read = ["/", "/health", "/ready", "/metrics", "/pipeline", "/v1/cluster", "/v1/models"]
    let asked = ["/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/tokenize", "/detokenize"]
    return Dictionary(uniqueKeysWithValues: read.map { ($0, "GET, HEAD") } + asked.map { ($0, "POST") })
  }()

  /// What there is, for who asks for something else.
  static let index: String = ["GET, HEAD", "POST"].map { allowed in
    let paths = methods.filter { $0.value == allowed }.keys.sorted()
    return allowed.prefix { $0 != "," } + " " + paths.joined(separator: ", ")
  }.joined(separator: "; ")

  /// The answer to a method that there is nothing for at a path that there is; nil for other errors.
  static func methodMismatch(_ request: Request, _ error: any Error) -> APIError? {
    let path = request.uri.path
    guard (error as? HTTPError)?.status == .notFound,
      let allowed = methods[path] ?? (path.hasPrefix("/v1/models/") ? "GET, HEAD" : nil)
    else { return nil }
    return APIError(
      status: .methodNotAllowed, message: "\(request.method) is not for \(path.prefix(100)); it takes \(allowed)",
      code: "method_not_allowed", allow: allowed)
  }

  /// - Parameter hosts: the names that the server goes by.
  func router(_ hosts: HostNames) -> Router<ServerContext> {
    let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
    router.add(middleware: CrossOrigin(origins: server.options.origins))
    router.add(middleware: RequestRecorder(metrics: server.metrics, logger: server.logger))
    router.add(middleware: DoorCheck(hosts: hosts, origins: server.options.origins))
    router.add(middleware: KeyCheck(keys: server.options.keys))
    router.add(middleware: ExpectCheck())
    router.get("/") { _, _ in page() }
    router.get("/health") { _, _ in Response.json(["status": "ok"]) }
    router.get("/ready") { _, _ in ready() }
    router.get("/metrics") { _, _ in metrics() }
    router.get("/pipeline") { request, _ in try pipeline(request) }
    router.get("/v1/cluster") { _, _ in cluster() }
    router.get("/v1/models") { _, _ in Response.json(ModelListResponse(data: [model])) }
    router.get("/v1/models/:id") { _, context in
      try check(model: context.parameters.get("id"))
      return Response.json(model)
    }
    router.post("/v1/completions") { request, context in try await completions(request, context) }
    router.post("/v1/chat/completions") { _, _ -> Response in
      throw APIError(
        status: .badRequest,
        message: "GPT-2 is a completion model and knows no chat; POST /v1/completions with a prompt instead",
        code: "unsupported_endpoint")
    }
    router.post("/v1/embeddings") { request, context in try await embeddings(request, context) }
    router.post("/tokenize") { request, context in try await tokenize(request, context) }
    router.post("/detokenize") { request, context in try await detokenize(request, context) }
    return router
  }

  private var model: ModelResponse {
    ModelResponse(
      id: server.options.model, created: server.created, contextLength: server.engine.configuration.positionCount,
      weights: server.engine.configuration.weights.name, settings: server.options.settings)
  }

  /// Refuses the name of another model; none at all means this one.
  private func check(model name: String?) throws(APIError) {
    guard let name, name != server.options.model else { return }
    throw APIError(
      status: .notFound,
      message: "this server has the model “\(server.options.model)” and not “\(name.prefix(100))”", param: "model",
      code: "model_not_found")
  }

  /// Refuses work while there is nobody to do it; what comes while a loss is made good waits in the engine.
  static func check(_ state: ServerState) throws(APIError) {
    switch state {
    case .ready, .recovering(_, takesRequests: true): break
    case .loading(let reason), .recovering(let reason, _), .stalled(let reason):
      throw .unavailable("the model is not ready: \(reason)")
    case .draining: throw .unavailable("the server is shutting down")
    case .failed(let reason): throw .unavailable(reason)
    }
  }
}

// MARK: - Completions and embeddings

extension Routes {
  private func completions(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let limits = server.options.limits
    let asked = try await server.bodies.read(&request, context) { try CompletionRequest($0, limits: limits) }
    try check(model: asked.model)
    let job = try CompletionJob(
      asked, configuration: server.engine.configuration, tokenizer: server.tokenizer, limits: limits)
    try Self.check(server.state.value)
    let place = try server.admission.enter(job.textCount)
    let service = CompletionService(engine: server.engine, tokenizer: server.tokenizer, metrics: server.metrics)
    let caller = CompletionService.Caller(client: context.client)
    let frame = CompletionResponse(
      id: "cmpl-" + (asked.id ?? String(context.requestID.dropFirst(4))), created: Int(Date().timeIntervalSince1970),
      model: server.options.model, choices: [])
    guard asked.streams else {
      let outcome = try await whileConnected(request) { try await service.complete(job, for: caller) }
      withExtendedLifetime(place) {}
      var answer = frame
      answer.choices = outcome.choices
      answer.usage = outcome.usage
      return .json(answer).closing
    }
    let body = EventStream.body(of: request) { send in
      defer { withExtendedLifetime(place) {} }
      let usage = try await service.stream(job, for: caller) { piece in
        var event = frame
        event.choices = [piece.choice]
        if asked.usage != .none { event.usage = .some(asked.usage == .always ? piece.usage : nil) }
        await send(JSONText.text(event))
      }
      if asked.usage != .none {
        var event = frame
        event.usage = usage
        await send(JSONText.text(event))
      }
      await send("[DONE]")
    }
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"], body: body
    ).closing
  }

  private func embeddings(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let limits = server.options.limits
    let engine = server.engine
    let configuration = engine.configuration
    let asked = try await server.bodies.read(&request, context, limit: limits.embeddingBodyBytes) {
      try EmbeddingRequest($0, width: configuration.width, limits: limits)
    }
    try check(model: asked.model)
    let texts = try asked.tokens(server.tokenizer, configuration)
    try Self.check(server.state.value)
    let place = try server.admission.enter(min(texts.count, limits.embeddingsAtOnce))
    let tokenCount = texts.reduce(0) { $0 + $1.count }
    server.metrics.read(tokens: tokenCount)
    let service = EmbeddingService(engine: engine, limit: limits.embeddingsAtOnce)
    let vectors = try await whileConnected(request) { try await service.vectors(of: texts, for: context.client) }
    withExtendedLifetime(place) {}
    let answer = EmbeddingResponse(
      vectors: vectors, isBase64: asked.isBase64, model: server.options.model, tokenCount: tokenCount)
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody { writer in
        for piece in answer.pieces { try await writer.write(ByteBuffer(string: piece)) }
        try await writer.finish(nil)
      }
    ).closing
  }

  /// Does it as long as its client is there, which uses the connection up.
  private func whileConnected<Value: Sendable>(
    _ request: Request, _ operation: @escaping @Sendable () async throws -> Value
  ) async throws(APIError) -> Value {
    do {
      return try await request.body.consumeWithCancellationOnInboundClose { _ in try await operation() }
    } catch {
      var error = APIError(error)
      error.closes = true
      throw error
    }
  }

  private func tokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let fields = try await server.bodies.read(&request, context) { try RequestFields($0) }
    guard fields["messages"] == nil else {
      throw APIError.invalid("messages", "messages are for chat, which GPT-2 does not know; give a prompt")
    }
    try fields.allow(only: TextReading.names.union(["model", "prompt", "return_token_strs"]))
    try check(model: try fields.string("model"))
    guard let prompt = try fields.string("prompt") else { throw APIError.invalid("prompt", "prompt is missing") }
    let tokens = try TextReading(fields).tokens(of: prompt, server.tokenizer)
    var spellings: [String]?
    if try fields.boolean("return_token_strs") == true {
      spellings = tokens.map { server.tokenizer.spelling(of: $0) ?? "" }
    }
    return .json(
      TokenizeResponse(
        count: tokens.count, contextLength: server.engine.configuration.positionCount, tokens: tokens,
        spellings: spellings))
  }

  private func detokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
    var request = request
    let fields = try await server.bodies.read(&request, context) { try RequestFields($0) }
    try fields.allow(only: ["model", "tokens"])
    try check(model: try fields.string("model"))
    guard let tokens = try fields.tokens("tokens", limit: .max) else {
      throw APIError.invalid("tokens", "tokens has to be a list of token ids, and is missing")
    }
    do throws(TokenizerError) {
      return .json(DetokenizeResponse(prompt: String(decoding: try server.tokenizer.decode(tokens), as: UTF8.self)))
    } catch {
      throw APIError.invalid("tokens", "\(error)")
    }
  }
}

extension Response {
  /// See ``Routes/whileConnected(_:_:)``.
  fileprivate var closing: Response {
    var response = self
    response.headers[.connection] = "close"
    return response
  }
}

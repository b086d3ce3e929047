internal import Coordinator
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Platform
internal import Synchronization

/// Outermost of all that happens to a request: gives it its id, answers errors in the API's shape, counts it and logs it when
/// its answer has been written to the end.
struct RequestRecorder: RouterMiddleware {
  typealias Context = ServerContext

  let metrics: ServerMetrics
  let logger: Logger

  func handle(
    _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    let record = RequestRecord(request, context, metrics, logger)
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let answer = Routes.methodMismatch(request, error) ?? APIError(error)
      // Of these, clients are told less than there is to say.
      if answer.status == .internalServerError || error is ClusterError { record.note(error) }
      response = answer.response
    }
    response.headers[.requestID] = context.requestID
    record.status = response.status
    let body = response.body
    // Whatever becomes of the answer, the record is let go of with it.
    response.body = ResponseBody(contentLength: body.contentLength) { writer in
      do {
        try await body.write(writer)
      } catch {
        record.note(error)
        // What the engine failed at was told to the client to the end.
        record.isWhole = APIError.of(engine: error) != nil
        throw error
      }
      record.isWhole = true
    }
    return response
  }
}

/// One request's line in the log, written when nobody works at it any more.
private final class RequestRecord: Sendable {
  private struct State {
    var status: HTTPResponse.Status?
    var error: String?
    var isWhole = false
  }

  private let state = Mutex(State())
  private let start = Instant.now
  private let metrics: ServerMetrics
  private let logger: Logger
  private let route: String
  private let metadata: Logger.Metadata

  init(_ request: Request, _ context: ServerContext, _ metrics: ServerMetrics, _ logger: Logger) {
    (self.metrics, self.logger) = (metrics, logger)
    route = Routes.methods[request.uri.path] == nil ? "other" : request.uri.path
    metadata = [
      "request_id": "\(context.requestID)", "method": "\(request.method)", "path": "\(request.uri.path.prefix(200))",
      "client": "\(ServerContext.host(of: context.channel))",
    ]
    metrics.began()
  }

  var status: HTTPResponse.Status? {
    get { state.withLock { $0.status } }
    set { state.withLock { $0.status = newValue } }
  }

  var isWhole: Bool {
    get { state.withLock { $0.isWhole } }
    set { state.withLock { $0.isWhole = newValue } }
  }

  func note(_ error: any Error) { state.withLock { $0.error = String("\(error)".prefix(500)) } }

  deinit {
    let time = Instant.now - start
    let state = state.withLock { $0 }
    let status = state.status ?? .internalServerError
    let isWhole = state.isWhole && status.code != APIError.clientGone.status.code
    metrics.ended(route, status: status.code, after: time, isWhole: isWhole)
    var metadata = metadata
    metadata["status"] = "\(status.code)"
    metadata["seconds"] = "\(Double(Int(time / .microseconds(100))) / 1e4)"
    if !isWhole { metadata["abandoned"] = "true" }
    if let error = state.error { metadata["error"] = "\(error)" }
    let isQuiet = ["/health", "/ready", "/metrics", "/pipeline"].contains(route)
    logger.log(
      level: status == .internalServerError ? .error : isQuiet ? .debug : .info, "request", metadata: metadata)
  }
}

extension HTTPField.Name {
  static let requestID = Self("x-request-id")!
}

extension APIError {
  /// What a client is told of any error.
  init(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    // Its end, or what the system says of it, came in the middle of a request.
    case HTTPParserError.invalidEOFState, is IOError, is ChannelError: self = .clientGone
    case let error as HTTPParserError: self = APIError(malformed: error)
    case is CancellationError: self = .clientGone
    case let error as HTTPError:
      self = APIError(
        status: error.status,
        message: error.status == .notFound
          ? "there is nothing at this address; there is \(Routes.index)"
          : error.body ?? error.status.reasonPhrase, code: error.status == .notFound ? "unknown_url" : nil)
    default: self = APIError.of(engine: error) ?? .failed
    }
  }
}

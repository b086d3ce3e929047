internal import HTTPTypes
internal import Hummingbird

/// Says in every answer to a listed origin that its page may read it.
struct CrossOrigin: RouterMiddleware {
  typealias Context = ServerContext

  let origins: AllowedOrigins

  func handle(
    _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response = try await next(request, context)
    if case .listed(let listed) = origins {
      if listed.isEmpty { return response }
      response.headers[values: .vary].append("Origin")
    }
    if request.method == .options { response.headers[values: .vary].append("Access-Control-Request-Headers") }
    let given = request.headers[values: .origin]
    guard given.count == 1, origins.contain(given[0]) else { return response }
    response.headers[.accessControlAllowOrigin] = if case .any = origins { "*" } else { given[0] }
    response.headers[.accessControlExposeHeaders] = "\(HTTPField.Name.requestID.rawName), Retry-After"
    return response
  }
}

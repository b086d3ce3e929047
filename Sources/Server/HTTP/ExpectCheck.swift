internal import Hummingbird

/// Refuses what a client expects besides being asked for its body, which ``BodyReader`` does.
struct ExpectCheck: RouterMiddleware {
  typealias Context = ServerContext

  func handle(
    _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    let expectations = request.headers[values: .expect].flatMap { $0.split(separator: ",") }.map(\.trimmingSpaces)
    guard let other = expectations.first(where: { $0.lowercased() != "100-continue" }) else {
      return try await next(request, context)
    }
    throw APIError(
      status: .expectationFailed,
      message: "the request expects “\(other.prefix(100))”; the only expectation that is met is 100-continue")
  }
}

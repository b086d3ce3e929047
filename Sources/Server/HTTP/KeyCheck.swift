internal import Coordinator
internal import Hummingbird

/// Lets in only who names a key, before anything of the body is read.
struct KeyCheck: RouterMiddleware {
  typealias Context = ServerContext

  let keys: APIKeys?
  /// What everybody may see: that the server lives, and the page, which asks for a key itself.
  private static let open: Set<String> = ["/", "/health", "/ready"]

  func handle(
    _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard let keys, !Self.open.contains(request.uri.path) else { return try await next(request, context) }
    let given = request.headers[.authorization] ?? ""
    guard given.utf8.count < 4096, given.lowercased().hasPrefix("bearer "),
      let index = keys.index(of: given.dropFirst(7).utf8.filter { $0 != UInt8(ascii: " ") })
    else {
      throw APIError(
        status: .unauthorized,
        message: given.isEmpty
          ? "this server needs an API key, as Authorization: Bearer KEY" : "the API key is not one of this server's",
        code: "invalid_api_key")
    }
    var context = context
    context.client = ClientID(UInt64(index) + 1)
    return try await next(request, context)
  }
}

internal import HTTPTypes
internal import Hummingbird

/// Refuses requests that a page of another site makes with its visitor's browser: those for a name that is not this server's,
/// and those from an origin that may not call.
struct DoorCheck: RouterMiddleware {
  typealias Context = ServerContext

  let hosts: HostNames
  let origins: AllowedOrigins

  func handle(
    _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard hosts.contain(request.head.authority) else { throw APIError.misdirected(request.head.authority ?? "") }
    let given = request.headers[values: .origin]
    guard let origin = given.first else { return try await next(request, context) }
    let isListed = given.count == 1 && origins.contain(origin)
    guard isListed || given.count == 1 && Origin(origin)?.isOwn(request.head.authority) == true else {
      throw APIError.foreign(given.joined(separator: ", "))
    }
    // A browser asks first whether it may.
    guard isListed, request.method == .options else { return try await next(request, context) }
    return Response(
      status: .noContent,
      headers: [
        .accessControlAllowMethods: "GET, HEAD, POST",
        .accessControlAllowHeaders: Self.fields(request.headers[values: .accessControlRequestHeaders]),
        // The longest that Chromium keeps it.
        .accessControlMaxAge: "7200",
      ])
  }

  /// What a page may send: what it asks for, since clients send fields of their own, and `*` does not cover Authorization.
  private static func fields(_ asked: [String]) -> String {
    let names = asked.flatMap { $0.split(separator: ",") }.map(\.trimmingSpaces).filter { !$0.isEmpty }
    let isPlain =
      names.count <= 100 && asked.reduce(0) { $0 + $1.utf8.count } <= 4096
      && names.allSatisfy { HTTPField.Name($0) != nil }
    return isPlain && !names.isEmpty ? names.joined(separator: ", ") : "Authorization, Content-Type"
  }
}

extension APIError {
  static func misdirected(_ host: String) -> APIError {
    APIError(
      status: .misdirectedRequest,
      message: "this server does not go by the name “\(host.prefix(100))”; start it with --allowed-host NAME to let it",
      code: "unknown_host")
  }

  static func foreign(_ origin: String) -> APIError {
    APIError(
      status: .forbidden,
      message:
        "pages of “\(origin.prefix(100))” may not call this server; start it with --cors-origin ORIGIN to let them",
      code: "unknown_origin")
  }
}

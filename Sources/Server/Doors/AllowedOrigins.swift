/// From where pages of other sites may call.
public enum AllowedOrigins: Sendable {
  case any
  case listed(Set<Origin>)

  public static let none = AllowedOrigins.listed([])

  /// Reads a list of origins, or `*` for all.
  ///
  /// - Throws: ``ServerError/origin(_:)``.
  public init(_ texts: [String]) throws(ServerError) {
    var origins: Set<Origin> = []
    for text in texts where text != "*" {
      guard let origin = Origin(text) else { throw .origin(text) }
      origins.insert(origin)
    }
    self = texts.contains("*") ? .any : .listed(origins)
  }

  func contain(_ origin: String) -> Bool {
    switch self {
    case .any: true
    case .listed(let origins): Origin(origin).map(origins.contains) ?? false
    }
  }
}

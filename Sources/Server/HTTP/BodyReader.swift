internal import Hummingbird
internal import NIOCore
internal import Synchronization

/// Reads the bodies of requests, within bounds of bytes and time, each and all together.
final class BodyReader: Sendable {
  private let limits: ServerLimits
  /// Bytes of all bodies that are in memory.
  private let held = Mutex(0)

  init(_ limits: ServerLimits) { self.limits = limits }

  /// Bytes held for one body, given back when it goes away.
  private final class Share: Sendable {
    private let reader: BodyReader
    private let bytes = Mutex(0)

    init(_ reader: BodyReader) { self.reader = reader }

    func grow(by count: Int) throws(APIError) {
      let hasRoom = reader.held.withLock { held in
        guard held + count <= reader.limits.allBodyBytes else { return false }
        held += count
        return true
      }
      guard hasRoom else { throw .crowded }
      bytes.withLock { $0 += count }
    }

    deinit {
      let bytes = bytes.withLock { $0 }
      reader.held.withLock { $0 -= bytes }
    }
  }

  /// Reads all of a body, inflates it where it is compressed, and makes something of it while its bytes are counted.
  ///
  /// - Parameter limit: the most bytes of it, inflated and as they come.
  /// - Throws: ``APIError``, and what `make` throws.
  func read<Value>(
    _ request: inout Request, _ context: ServerContext, limit: Int? = nil, _ make: ([UInt8]) throws -> Value
  ) async throws -> Value {
    let limit = limit ?? limits.bodyBytes
    let encoding = try Self.encoding(of: request)
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
      throw APIError.tooLarge(limit)
    }
    // Who waits to be asked for the body is asked now.
    if request.headers[.expect] != nil {
      context.channel.triggerUserOutboundEvent(RequestCodec.Continue(), promise: nil)
    }
    let share = Share(self)
    var bytes = try await collect(request, limit, share)
    // It is kept by nobody else while the request runs.
    request.body = RequestBody(buffer: ByteBuffer())
    if let encoding { bytes = try Self.inflate(bytes, encoding, limit, share) }
    defer { withExtendedLifetime(share) {} }
    return try make(bytes)
  }

  private func collect(_ request: Request, _ limit: Int, _ share: Share) async throws -> [UInt8] {
    let (body, length, time) = (request.body, request.headers[.contentLength].flatMap { Int($0) }, limits.body)
    return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      group.addTask {
        var bytes: [UInt8] = []
        for try await piece in body {
          guard bytes.count + piece.readableBytes <= limit else { throw APIError.tooLarge(limit) }
          try share.grow(by: piece.readableBytes)
          bytes.append(contentsOf: piece.readableBytesView)
        }
        // The connection was closed here before all had come.
        if let length, bytes.count < length { throw APIError.clientGone }
        return bytes
      }
      group.addTask {
        try await Task.sleep(for: time)
        return nil
      }
      defer { group.cancelAll() }
      guard let bytes = try await group.next()! else {
        throw APIError(status: .requestTimeout, message: "the body did not come within \(time / .seconds(1)) s")
      }
      return bytes
    }
  }

  private static func encoding(of request: Request) throws(APIError) -> ContentEncoding? {
    let names = request.headers[values: .contentEncoding]
      .flatMap { $0.split(separator: ",") }.map { $0.trimmingSpaces }.filter { $0.lowercased() != "identity" }
    guard let name = names.first else { return nil }
    guard names.count == 1, let encoding = ContentEncoding(name) else { throw .unknownEncoding(names) }
    return encoding
  }

  private static func inflate(
    _ bytes: [UInt8], _ encoding: ContentEncoding, _ limit: Int, _ share: Share
  ) throws -> [UInt8] {
    do {
      return try encoding.inflate(bytes, limit: limit) { try share.grow(by: $0) }
    } catch let error as InflationError {
      switch error {
      case .tooLarge: throw APIError.tooLarge(limit)
      case .corrupt: throw APIError.invalid(nil, "the body is not \(encoding) as Content-Encoding says")
      case .truncated: throw APIError.invalid(nil, "the body is \(encoding) that ends too soon")
      }
    }
  }
}

extension StringProtocol {
  /// Without spaces and tabs at its ends, as values in lists of a head have them.
  var trimmingSpaces: String {
    var text = self[...]
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text.drop { $0 == " " || $0 == "\t" })
  }
}

extension APIError {
  static func tooLarge(_ limit: Int) -> APIError {
    APIError(status: .contentTooLarge, message: "the body is larger than the \(limit) bytes that are taken")
  }

  fileprivate static func unknownEncoding(_ names: [String]) -> APIError {
    APIError(
      status: .unsupportedMediaType,
      message:
        "the body's Content-Encoding is \(names.joined(separator: ", ").prefix(100)); send it as it is, or by gzip or deflate",
      acceptEncoding: "gzip, deflate")
  }

  fileprivate static var crowded: APIError {
    APIError(
      status: .serviceUnavailable, message: "too many bodies are on their way; try again later", type: "server_error",
      code: "overloaded", retryAfter: 2)
  }
}

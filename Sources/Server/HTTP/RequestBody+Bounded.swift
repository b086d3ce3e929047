internal import Hummingbird
internal import NIOCore

extension Request {
  /// All of the body, within bounds of size and time.
  ///
  /// - Throws: ``APIError``.
  mutating func boundedBody(_ limits: ServerLimits) async throws -> [UInt8] {
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes {
      throw Self.tooLarge(limits)
    }
    let body = body
    let buffer: ByteBuffer
    do {
      buffer = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
        group.addTask { try await body.collect(upTo: limits.bodyBytes) }
        group.addTask {
          try await Task.sleep(for: limits.body)
          return nil
        }
        defer { group.cancelAll() }
        guard let buffer = try await group.next()! else {
          throw APIError(
            status: .requestTimeout, message: "the body did not come within \(limits.body / .seconds(1)) s")
        }
        return buffer
      }
    } catch is NIOTooManyBytesError {
      throw Self.tooLarge(limits)
    }
    // It is kept by nobody else while the request runs.
    self.body = RequestBody(buffer: ByteBuffer())
    return Array(buffer.readableBytesView)
  }

  private static func tooLarge(_ limits: ServerLimits) -> APIError {
    APIError(
      status: .contentTooLarge, message: "the body is larger than the \(limits.bodyBytes) bytes that are taken")
  }
}

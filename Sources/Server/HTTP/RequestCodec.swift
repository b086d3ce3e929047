internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import Platform

/// Makes requests of what HTTP/1 says, and answers in the version that was asked in: to HEAD without a body, and to HTTP/1.0
/// without chunks.
///
/// A request's authority is the host that it is for, whichever way it says so. Its `Connection` is `close` if it is the last,
/// `keep-alive` if it is HTTP/1.0's and not the last, and not there otherwise.
final class RequestCodec: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// Asks for the body of the request that is being answered, if its client waits to be asked.
  struct Continue {}

  private struct Asked {
    var version: HTTPVersion
    var isHead: Bool
  }

  private let watch: HeadWatch
  /// Requests without an answer, the oldest first.
  private var unanswered: [Asked] = []
  /// Whether the newest request's client sends nothing of the body before it is asked.
  private var awaitsContinue = false
  private var isLast = false
  private var isOver = false

  init(_ watch: HeadWatch) { self.watch = watch }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      watch.head(
        before: head.headers.contains(name: "transfer-encoding")
          ? .chunked : .bytes(head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0))
      do {
        let request = try HTTPRequest(head)
        unanswered.append(Asked(version: head.version.minor == 0 ? .http1_0 : .http1_1, isHead: head.method == .HEAD))
        isLast = request.headerFields[.connection] == "close"
        awaitsContinue = request.headerFields.contains(.expect)
        context.fireChannelRead(wrapInboundOut(.head(request)))
      } catch {
        stop()
        context.fireErrorCaught(error)
      }
    case .body(let bytes):
      awaitsContinue = false
      context.fireChannelRead(wrapInboundOut(.body(bytes)))
    case .end(let fields):
      awaitsContinue = false
      watch.end()
      if isLast { stop() }
      context.fireChannelRead(wrapInboundOut(.end(fields.map { HTTPFields($0) })))
    }
  }

  private func stop() {
    isOver = true
    watch.stop()
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is Continue else { return context.triggerUserOutboundEvent(event, promise: promise) }
    // The newest request has to be the one that is being answered.
    if awaitsContinue, unanswered.count == 1 {
      context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
      context.flush()
    }
    awaitsContinue = false
    promise?.succeed()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    // What is no request is answered too: after all that are.
    let asked = unanswered.first ?? Asked(version: .http1_1, isHead: watch.isHead)
    switch unwrapOutboundIn(data) {
    case .head(let response):
      var head = HTTPResponseHead(
        version: asked.version,
        status: HTTPResponseStatus(statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase),
        headers: HTTPHeaders(response.headerFields.map { ($0.name.rawName, $0.value) }))
      // The encoder frames a body as the head says.
      head.headers.remove(name: "transfer-encoding")
      if !head.status.mayHaveResponseBody {
        head.headers.remove(name: "content-length")
      } else if !head.headers.contains(name: "content-length"), asked.version == .http1_1, !asked.isHead {
        head.headers.add(name: "transfer-encoding", value: "chunked")
      }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body where asked.isHead: promise?.succeed()
    case .body(let bytes): context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: promise)
    case .end(let fields):
      if !unanswered.isEmpty { unanswered.removeFirst() }
      let trailers = fields.map { HTTPHeaders($0.map { ($0.name.rawName, $0.value) }) }
      context.write(wrapOutboundOut(.end(trailers)), promise: promise)
    }
  }
}

extension HTTPRequest {
  /// - Throws: ``APIError`` for a head that says not clearly what it is for.
  init(_ head: HTTPRequestHead) throws(APIError) {
    let hosts = head.headers["host"]
    guard hosts.count < 2 else { throw .malformed("it has \(hosts.count) Host fields; send one") }
    guard hosts.count == 1 || head.version.minor == 0 else { throw .malformed("it has no Host field; send one") }
    let codings = head.headers["transfer-encoding"]
    guard codings.isEmpty || head.version.minor > 0 else {
      throw .malformed("HTTP/1.0 knows no Transfer-Encoding; send Content-Length")
    }
    guard codings.isEmpty || codings.count == 1 && codings[0].trimmingSpaces.lowercased() == "chunked" else {
      throw APIError(
        status: .notImplemented,
        message: "the only Transfer-Encoding that is read is chunked; compress a body by Content-Encoding", closes: true
      )
    }
    guard let method = Method(rawValue: head.method.rawValue) else { throw .malformed("its method is none") }
    var (authority, path) = (hosts.first, head.uri)
    if !path.hasPrefix("/"), path != "*" {
      // To a proxy, or so it was meant: what it names counts, and Host does not (RFC 9112, 3.2.2).
      guard let target = AbsoluteTarget(path) else { throw .malformed("its target has to be a path") }
      (authority, path) = (target.authority, target.path)
    }
    var fields = HTTPFields(head.headers)
    fields[.host] = nil
    // Those who wait to be asked for a body speak HTTP/1.1 (RFC 9110, 10.1.1).
    if head.version.minor == 0 { fields[.expect] = nil }
    // Nothing is upgraded to; the decoder may read nothing after a request that asks for it.
    let isLast = !head.isKeepAlive || head.headers.contains(name: "upgrade")
    fields[.connection] = isLast ? "close" : head.version.minor == 0 ? "keep-alive" : nil
    self.init(method: method, scheme: "http", authority: authority, path: path, headerFields: fields)
  }
}

/// `http://host:port/path?query`.
private struct AbsoluteTarget {
  var authority: String
  var path: String

  init?(_ text: String) {
    guard let mark = text.firstRange(of: "://"), ["http", "https"].contains(text[..<mark.lowerBound].lowercased())
    else { return nil }
    let rest = text[mark.upperBound...]
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    guard end > rest.startIndex else { return nil }
    authority = String(rest[..<end])
    path = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
  }
}

extension HTTPFields {
  init(_ headers: HTTPHeaders) {
    self.init()
    reserveCapacity(headers.count)
    for (name, value) in headers {
      if let name = HTTPField.Name(name) { append(HTTPField(name: name, value: value)) }
    }
  }
}

extension HTTPField.Name {
  static let host = Self("host")!
}

extension APIError {
  static func malformed(_ what: String) -> APIError {
    APIError(status: .badRequest, message: "the request is no HTTP/1.1: \(what)", closes: true)
  }
}

internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Ends a connection that is of no further use, and says what one does.
///
/// It ends one whose client takes too long over a request's head, takes nothing of an answer, sends what is no HTTP, or was
/// answered before its request had come to an end.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: ServerLimits
  private let logger: Logger
  private let watch: HeadWatch?
  private let place: Connections.Place?
  /// Requests whose head has come and whose answer has not been written to its end, the oldest first: whether the client has
  /// to be told that the connection stays, as HTTP/1.0 has it.
  private var unanswered: [Bool] = []
  /// Whether more is to come of the newest request.
  private var isReading = false
  /// Whether the newest request is the last.
  private var isAskedToClose = false
  /// What ends the connection when all requests that came before it are answered.
  private var complaint: APIError?
  /// Whether the answer that is being written is the last.
  private var isLast = false
  /// Whether the last answer is written: what comes now is read for nobody.
  private var isDone = false
  /// Bytes that came since.
  private var unread = 0
  /// For a request's head, and after the last answer.
  private var waiting: Scheduled<Void>?
  private var stalled: Scheduled<Void>?

  init(_ limits: ServerLimits, _ logger: Logger, _ watch: HeadWatch? = nil, _ place: Connections.Place? = nil) {
    (self.limits, self.logger, self.watch, self.place) = (limits, logger, watch, place)
  }

  func handlerAdded(context: ChannelHandlerContext) { expectHead(context) }

  func handlerRemoved(context: ChannelHandlerContext) { rest() }

  func channelInactive(context: ChannelHandlerContext) {
    rest()
    context.fireChannelInactive()
  }

  private func rest() {
    waiting?.cancel()
    stalled?.cancel()
  }

  private func expectHead(_ context: ChannelHandlerContext) {
    waiting = Self.after(limits.head, context) { [self] context in
      end(
        with: APIError(
          status: .requestTimeout, message: "no request came within \(limits.head / .seconds(1)) s"), context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is HeadWatch.Began else { return context.fireUserInboundEventTriggered(event) }
    // The first head's time runs since the connection began.
    if waiting == nil, !isDone, complaint == nil { expectHead(context) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if isDone {
      if case .body(let bytes) = part { unread += bytes.readableBytes }
      if unread > limits.bodyBytes { context.close(promise: nil) }
      return
    }
    guard complaint == nil else { return }
    switch part {
    case .head(let head):
      waiting?.cancel()
      waiting = nil
      unanswered.append(head.headerFields[.connection] == "keep-alive")
      isReading = true
      isAskedToClose = head.headerFields[.connection] == "close"
    case .body: break
    case .end: isReading = false
    }
    tell()
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      // Nobody is to send the rest of a request for nothing, nor for ever.
      if isReading || isAskedToClose, unanswered.count <= 1 { head.headerFields[.connection] = "close" }
      if unanswered.first == true, head.headerFields[.connection] != "close" {
        // The end of an answer without a length is the connection's.
        head.headerFields[.connection] = head.headerFields.contains(.contentLength) ? "keep-alive" : "close"
      }
      isLast = head.headerFields[.connection] == "close"
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      if !unanswered.isEmpty { unanswered.removeFirst() }
      context.write(data, promise: promise)
      if isLast {
        finish(context)
      } else if let complaint, unanswered.isEmpty {
        answer(complaint, context)
      }
      tell()
    }
  }

  /// Whether it is the client's turn.
  private func tell() {
    place?.become(
      isDone || unanswered.isEmpty ? .idle : isReading && unanswered.count == 1 ? .receiving : .working)
  }

  /// Says that no more is written, and closes when the client has, or has had the time to read.
  private func finish(_ context: ChannelHandlerContext) {
    isDone = true
    watch?.stop()
    context.flush()
    context.close(mode: .output, promise: nil)
    waiting?.cancel()
    waiting = Self.after(limits.linger, context) { $0.close(promise: nil) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stalled?.cancel()
    if !context.channel.isWritable {
      stalled = Self.after(limits.stall, context) { [logger] context in
        logger.info(
          "a client takes nothing of its answer", metadata: ["client": "\(ServerContext.host(of: context.channel))"])
        context.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if isDone || complaint != nil { return }
    let complaint: APIError
    switch error {
    case let error as APIError: complaint = error
    // Who has gone needs no answer.
    case let error as HTTPParserError where error != .invalidEOFState: complaint = APIError(malformed: error)
    default: return context.fireErrorCaught(error)
    }
    // In the middle of a request it is for whoever reads that.
    if isReading { return context.fireErrorCaught(error) }
    end(with: complaint, context)
  }

  /// Answers what is no request after those that are, and reads no more.
  private func end(with error: APIError, _ context: ChannelHandlerContext) {
    waiting?.cancel()
    complaint = error
    watch?.stop()
    if unanswered.isEmpty { answer(error, context) }
  }

  /// Answers what is no request.
  private func answer(_ error: APIError, _ context: ChannelHandlerContext) {
    logger.info(
      "no request",
      metadata: ["client": "\(ServerContext.host(of: context.channel))", "error": "\(error.message)"])
    let body = ByteBuffer(string: JSONText.text(error.body) + "\n")
    let head = HTTPResponse(
      status: error.status,
      headerFields: [
        .contentType: "application/json", .contentLength: "\(body.readableBytes)", .connection: "close",
      ])
    for part in [HTTPResponsePart.head(head), .body(body), .end(nil)] {
      context.write(wrapOutboundOut(part), promise: nil)
    }
    finish(context)
  }

  private static func after(
    _ time: Duration, _ context: ChannelHandlerContext, _ act: @escaping (ChannelHandlerContext) -> Void
  ) -> Scheduled<Void> {
    context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { act(context) }
  }
}

extension APIError {
  /// A request that is no HTTP/1.1.
  init(malformed error: HTTPParserError) {
    self =
      error == .headerOverflow
      ? APIError(status: .requestHeaderFieldsTooLarge, message: "the request's head is too large", closes: true)
      : APIError(status: .badRequest, message: "the request is no HTTP/1.1: \(error)", closes: true)
  }
}

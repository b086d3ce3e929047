internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Ends a connection that is of no further use.
///
/// That is one whose client takes too long over a request's head, takes nothing of an answer, sends what is no HTTP, or was
/// answered before its request had come to an end.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: ServerLimits
  private let logger: Logger
  /// Requests whose head has come and whose answer has not been written to its end.
  private var unanswered = 0
  /// Whether more is to come of the newest request.
  private var isReading = false
  /// Whether the answer that is being written is the last.
  private var isLast = false
  /// Whether the last answer is written: what comes now is read for nobody.
  private var isDone = false
  /// Bytes that came since.
  private var unread = 0
  /// For the first request's head, and after the last answer.
  private var waiting: Scheduled<Void>?
  private var stalled: Scheduled<Void>?

  init(_ limits: ServerLimits, _ logger: Logger) { (self.limits, self.logger) = (limits, logger) }

  func handlerAdded(context: ChannelHandlerContext) {
    waiting = Self.after(limits.head, context) { [self] context in
      answer(
        APIError(
          status: .requestTimeout, message: "no request came within \(limits.head / .seconds(1)) s"), context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { rest() }

  func channelInactive(context: ChannelHandlerContext) {
    rest()
    context.fireChannelInactive()
  }

  private func rest() {
    waiting?.cancel()
    stalled?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if isDone {
      if case .body(let bytes) = part { unread += bytes.readableBytes }
      if unread > limits.bodyBytes { context.close(promise: nil) }
      return
    }
    switch part {
    case .head:
      waiting?.cancel()
      unanswered += 1
      isReading = true
    case .body: break
    case .end: isReading = false
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      // Nobody is to send the rest of a request for nothing, nor for ever.
      if isReading, unanswered <= 1 { head.headerFields[.connection] = "close" }
      isLast = head.headerFields[.connection] == "close"
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      unanswered -= 1
      context.write(data, promise: promise)
      if isLast { finish(context) }
    }
  }

  /// Says that no more is written, and closes when the client has, or has had the time to read.
  private func finish(_ context: ChannelHandlerContext) {
    isDone = true
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
    // In the middle of a request it is for whoever reads that; who has gone needs no answer.
    guard let error = error as? HTTPParserError, error != .invalidEOFState, unanswered == 0, !isDone else {
      return context.fireErrorCaught(error)
    }
    answer(APIError(malformed: error), context)
  }

  /// Answers what is no request.
  private func answer(_ error: APIError, _ context: ChannelHandlerContext) {
    logger.info(
      "no request",
      metadata: ["client": "\(ServerContext.host(of: context.channel))", "error": "\(error.message)"])
    let body = ByteBuffer(string: JSON.text(error.body) + "\n")
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

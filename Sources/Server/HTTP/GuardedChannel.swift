internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// An HTTP/1 connection of which every byte is watched: Hummingbird's `HTTP1Channel` with handlers before its decoder.
struct GuardedChannel: HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  let responder: HTTPChannelHandler.Responder
  let limits: ServerLimits
  let connections: Connections
  let logger: Logger

  func setup(channel: any Channel, logger quiet: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      try pipeline.addHandlers(Self.handlers(limits, connections.open(channel), logger))
      try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idle, logger: quiet))
      return try Value(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  /// From bytes to requests.
  static func handlers(_ limits: ServerLimits, _ place: Connections.Place?, _ logger: Logger) -> [any ChannelHandler] {
    var bounds = NIOHTTPDecoderLimitConfiguration()
    (bounds.maxHeaderFieldSize, bounds.maxHeaderListSize, bounds.maxHeaderFieldCount) = (16 << 10, 32 << 10, 100)
    let watch = HeadWatch(limit: limits.bodyBytes)
    var framing = HTTPResponseEncoder.Configuration()
    framing.automaticallySetFramingHeaders = false
    return [
      watch, HTTPResponseEncoder(configuration: framing),
      ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: bounds)),
      RequestCodec(watch), ConnectionGuard(limits, logger, watch, place),
    ]
  }

  func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}

internal import HummingbirdCore
internal import LibC
internal import NIOCore

/// Sees a listener run out of descriptors, and has it rest for a moment.
///
/// Without it, SwiftNIO's listener would try again at once and for ever, since the connection that it cannot accept stays.
final class AcceptWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = any Channel

  private static let rest = TimeAmount.milliseconds(100)
  private let isShort: (IOError) -> Void
  private var again: Scheduled<Void>?

  /// - Parameter isShort: told each time.
  init(_ isShort: @escaping (IOError) -> Void) { self.isShort = isShort }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
      return context.fireErrorCaught(error)
    }
    // It goes no further, or SwiftNIO would accept nothing for a second, however much room there is.
    guard again == nil else { return }
    isShort(error)
    try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    again = context.eventLoop.assumeIsolated().scheduleTask(in: Self.rest) { [self] in
      again = nil
      try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { again?.cancel() }
}

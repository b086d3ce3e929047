internal import NIOCore

/// Sees, before the decoder, where the head of a request begins, which the decoder does not say before it is complete.
///
/// It hands bytes on in pieces that no message ends within: lines of heads, bodies by their length, and chunked ones up to each
/// empty line, since they end with one.
final class HeadWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// The first byte of a head has come.
  struct Began {}

  enum Body {
    case bytes(Int)
    case chunked
  }

  private enum Stage {
    case head(hasBegun: Bool)
    case body(Body)
    /// Nothing more is read.
    case over(unread: Int)
  }

  private var stage = Stage.head(hasBegun: false)
  private let limit: Int
  /// The first bytes of the newest head.
  private var method: [UInt8] = []
  /// Of a chunked body: whether the line that comes has nothing yet but perhaps the first byte of its end.
  private var isEmptyLine = false

  /// - Parameter limit: bytes that may come when nothing more is read, before the connection is closed.
  init(limit: Int) { self.limit = limit }

  /// The decoder has a whole head, and this comes after it.
  func head(before body: Body) {
    guard !isOver else { return }
    stage = .body(body)
    isEmptyLine = false
  }

  /// The decoder has a whole request.
  func end() { if !isOver { stage = .head(hasBegun: false) } }

  /// Whatever comes now is for nobody.
  func stop() { if !isOver { stage = .over(unread: 0) } }

  /// Whether the newest head asks for a head alone.
  var isHead: Bool { method.elementsEqual("HEAD ".utf8) }

  private var isOver: Bool { if case .over = stage { true } else { false } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var rest = unwrapInboundIn(data)
    while rest.readableBytes > 0 {
      var piece = rest
      switch stage {
      case .head(let hasBegun):
        if !hasBegun {
          // Old clients end a body with a line's end too many, which means nothing.
          let view = rest.readableBytesView
          let first = view.firstIndex { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") } ?? view.endIndex
          rest.moveReaderIndex(forwardBy: first - view.startIndex)
          if rest.readableBytes == 0 { return }
          piece = rest
          begin(context)
        }
        let view = rest.readableBytesView
        method += view.prefix(5 - method.count)
        if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
          piece = rest.getSlice(at: rest.readerIndex, length: end - view.startIndex + 1)!
        }
      case .body(.bytes(let count)) where count > 0:
        piece = rest.getSlice(at: rest.readerIndex, length: min(count, rest.readableBytes))!
        stage = .body(.bytes(count - piece.readableBytes))
      case .body(.chunked): piece = rest.getSlice(at: rest.readerIndex, length: lengthToEmptyLine(in: rest))!
      case .body: break
      case .over(let unread):
        stage = .over(unread: unread + rest.readableBytes)
        if unread + rest.readableBytes > limit { context.close(promise: nil) }
        return
      }
      rest.moveReaderIndex(forwardBy: piece.readableBytes)
      context.fireChannelRead(wrapInboundOut(piece))
    }
  }

  /// Bytes up to the end of the first empty lines, or all.
  private func lengthToEmptyLine(in buffer: ByteBuffer) -> Int {
    buffer.withUnsafeReadableBytes { bytes in
      var hasEnded = false
      for (index, byte) in bytes.enumerated() {
        switch byte {
        case UInt8(ascii: "\n"):
          hasEnded = hasEnded || isEmptyLine
          isEmptyLine = true
        case UInt8(ascii: "\r"): break
        case _ where hasEnded: return index
        default: isEmptyLine = false
        }
      }
      return bytes.count
    }
  }

  private func begin(_ context: ChannelHandlerContext) {
    stage = .head(hasBegun: true)
    method = []
    context.fireUserInboundEventTriggered(Began())
  }
}

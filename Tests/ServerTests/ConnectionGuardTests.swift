import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import Server

@Suite("The guard of a connection")
struct ConnectionGuardTests {
  private static let limits = ServerLimits()
  private let channel: EmbeddedChannel

  init() throws {
    channel = EmbeddedChannel(
      handler: ConnectionGuard(Self.limits, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  private func read(_ parts: HTTPRequestPart...) throws { for part in parts { try channel.writeInbound(part) } }

  private func answer(_ status: HTTPResponse.Status = .ok) throws {
    try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: status)))
    try channel.writeOutbound(HTTPResponsePart.end(nil))
  }

  private func pass(_ time: Duration) { channel.embeddedEventLoop.advanceTime(by: TimeAmount(time)) }

  /// The next answer's status and whether it is said to be the last.
  private func written() throws -> (status: Int, closes: Bool)? {
    while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
      if case .head(let head) = part { return (head.status.code, head.headerFields[.connection] == "close") }
    }
    return nil
  }

  private var inbound: Int {
    get throws {
      var count = 0
      while try channel.readInbound(as: HTTPRequestPart.self) != nil { count += 1 }
      return count
    }
  }

  private static let head = HTTPRequestPart.head(HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/"))
  private static let body = HTTPRequestPart.body(ByteBuffer(string: "{}"))

  @Test("leaves requests alone that are read before they are answered")
  func ordinary() throws {
    for _ in 0..<3 {
      try read(Self.head, Self.body, .end(nil))
      #expect(try inbound == 3)
      try answer()
      #expect(try written().map { $0 == (200, false) } == true)
      pass(Self.limits.head * 3)
    }
    #expect(channel.isActive)
  }

  @Test("ends one on which no request comes, with an answer")
  func head() throws {
    pass(Self.limits.head - .milliseconds(1))
    #expect(try written() == nil)
    pass(.milliseconds(1))
    #expect(try written().map { $0 == (408, true) } == true)
    // This channel has no halves: it is closed as soon as its output is.
    #expect(!channel.isActive)
  }

  @Test("ends one whose request was answered before its end, and reads the rest for nobody")
  func early() throws {
    try read(Self.head, Self.body)
    #expect(try inbound == 2)
    try answer(.contentTooLarge)
    #expect(try written().map { $0 == (413, true) } == true)
    try read(Self.body, .end(nil), Self.head, .end(nil))
    #expect(try inbound == 0)
    // This channel has no halves: it is closed as soon as its output is.
    #expect(!channel.isActive)
  }

  @Test("knows which of several requests was not read to its end")
  func pipelined() throws {
    try read(Self.head, .end(nil), Self.head)
    try answer()
    #expect(try written().map { $0 == (200, false) } == true)
    try answer()
    #expect(try written().map { $0 == (200, true) } == true)
  }

  @Test("answers what is no HTTP", arguments: [(HTTPParserError.invalidMethod, 400), (.headerOverflow, 431)])
  func malformed(error: HTTPParserError, status: Int) throws {
    channel.pipeline.fireErrorCaught(error)
    #expect(try written().map { $0 == (status, true) } == true)
    try channel.throwIfErrorCaught()
  }

  @Test("leaves what goes wrong in the middle of a request to who reads it")
  func middle() throws {
    try read(Self.head)
    channel.pipeline.fireErrorCaught(HTTPParserError.invalidChunkSize)
    #expect(try written() == nil)
    #expect(throws: HTTPParserError.self) { try channel.throwIfErrorCaught() }
  }

  @Test("closes it when a client takes nothing of its answer for too long")
  func stall() throws {
    try read(Self.head, .end(nil))
    channel.isWritable = false
    channel.pipeline.fireChannelWritabilityChanged()
    pass(Self.limits.stall - .seconds(1))
    channel.isWritable = true
    channel.pipeline.fireChannelWritabilityChanged()
    pass(Self.limits.stall * 2)
    #expect(channel.isActive)
    channel.isWritable = false
    channel.pipeline.fireChannelWritabilityChanged()
    pass(Self.limits.stall)
    #expect(!channel.isActive)
  }
}

import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Platform
import Testing

@testable import Server

@Suite("A connection, from its bytes on")
struct GuardedChannelTests {
  private static let limits = ServerLimits()
  private let channel = EmbeddedChannel()

  init() throws {
    try channel.pipeline.syncOperations.addHandlers(
      GuardedChannel.handlers(Self.limits, nil, Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  private static let get = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
  private static let whole = get + "\r\n"

  private func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

  private func pass(_ time: Duration) { channel.embeddedEventLoop.advanceTime(by: TimeAmount(time)) }

  /// Requests that have come since.
  private func requests() throws -> [HTTPRequest] {
    var requests: [HTTPRequest] = []
    while let part = try channel.readInbound(as: HTTPRequestPart.self) {
      if case .head(let head) = part { requests.append(head) }
    }
    return requests
  }

  private func answer(_ headers: HTTPFields = [.contentLength: "0"]) throws {
    try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: headers)))
    try channel.writeOutbound(HTTPResponsePart.end(nil))
  }

  /// What was written since.
  private func written() throws -> String {
    var text = ""
    while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
    return text
  }

  @Test("has a time for every head, from its first byte on", arguments: [1, 2, 3])
  func heads(count: Int) throws {
    for _ in 1..<count {
      try send(Self.whole)
      #expect(try requests().count == 1)
      try answer()
      #expect(try written().hasPrefix("HTTP/1.1 200 OK\r\n"))
      pass(Self.limits.head * 3)
    }
    // However much of it comes meanwhile.
    for piece in [Self.get, "X", ": ", "y\r\n"] {
      try send(piece)
      pass(.seconds(1))
    }
    pass(Self.limits.head - .seconds(5))
    #expect(try written() == "")
    pass(.seconds(1))
    #expect(try written().hasPrefix("HTTP/1.1 408 "))
    #expect(!channel.isActive)
  }

  @Test(
    "sees a head begin behind another request",
    arguments: [
      "", "Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n\r\n",
    ], ["GET /hea", "GET /health HTTP/1.1\r\n", "GET /health HTTP/1.1\r\nHost: localhost\r\n"])
  func behind(body: String, rest: String) throws {
    try send("POST /tokenize HTTP/1.1\r\nHost: localhost\r\n" + (body.isEmpty ? "\r\n" : body) + rest)
    #expect(try requests().count == 1)
    pass(Self.limits.head)
    // What came before is answered first.
    #expect(try written() == "")
    try answer()
    let text = try written()
    #expect(text.hasPrefix("HTTP/1.1 200 ") && text.contains("HTTP/1.1 408 "))
    #expect(!channel.isActive)
  }

  @Test("waits for a next request as long as none begins", arguments: ["", "\r\n", "\r\n\r\n\n"])
  func idle(rest: String) throws {
    try send(Self.whole + rest)
    try answer()
    pass(Self.limits.head * 3)
    #expect(channel.isActive)
    for byte in Self.whole { try send(String(byte)) }
    #expect(try requests().count == 2)
  }

  @Test("reads many requests in any pieces", arguments: [1, 2, 7, 64, 4096])
  func pieces(size: Int) throws {
    let post = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\n"
    let bytes = Array(
      (Self.whole + post + "Content-Length: 5\r\n\r\na\r\n\r\n" + post + "Transfer-Encoding: chunked\r\n\r\n"
        + "3\r\n\n\n\n\r\n0\r\nX: y\r\n\r\n" + post + "Content-Length: 0\r\n\r\n" + Self.whole).utf8)
    var heads = 0
    var bodies: [UInt8] = []
    for begin in stride(from: 0, to: bytes.count, by: size) {
      try channel.writeInbound(ByteBuffer(bytes: bytes[begin..<min(bytes.count, begin + size)]))
      while let part = try channel.readInbound(as: HTTPRequestPart.self) {
        switch part {
        case .head: heads += 1
        case .body(let piece): bodies += piece.readableBytesView
        case .end: break
        }
      }
    }
    #expect(heads == 5 && bodies == Array("a\r\n\r\n\n\n\n".utf8))
  }

  @Test(
    "takes what a request is for from its target, or from its one Host",
    arguments: [
      ("GET /a?b HTTP/1.1\r\nHost: one\r\n", "one", "/a?b"),
      ("GET http://two/a?b HTTP/1.1\r\nHost: one\r\n", "two", "/a?b"),
      ("GET HTTPS://two:8 HTTP/1.1\r\nHost: one\r\n", "two:8", "/"),
      ("GET http://two?b HTTP/1.1\r\nHost: one\r\n", "two", "/?b"),
      ("GET http://u@two/ HTTP/1.1\r\nHost: one\r\n", "u@two", "/"),
      ("GET //two/a HTTP/1.1\r\nHost: one\r\n", "one", "//two/a"),
      ("OPTIONS * HTTP/1.1\r\nHost: one\r\n", "one", "*"), ("GET / HTTP/1.0\r\n", nil, "/"),
      ("GET / HTTP/1.0\r\nHost: one\r\n", "one", "/"), ("GET / HTTP/1.1\r\nHost:\r\n", "", "/"),
    ] as [(String, String?, String)])
  func target(head: String, authority: String?, path: String) throws {
    try send(head + "\r\n")
    let request = try #require(try requests().first)
    #expect(request.authority == authority && request.path == path && !request.headerFields.contains(.host))
  }

  @Test(
    "answers 400 to what is not clearly for anybody",
    arguments: [
      "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n",
      "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n", "GET http:///a HTTP/1.1\r\nHost: a\r\n", "GET a HTTP/1.1\r\nHost: a\r\n",
    ])
  func unclear(head: String) throws {
    try send(head + "\r\n" + Self.whole)
    #expect(try requests().isEmpty)
    let text = try written()
    #expect(text.contains(" 400 Bad Request\r\n") && text.lowercased().contains("connection: close"))
    #expect(!channel.isActive)
  }

  @Test("answers what came before something that is no request")
  func late() throws {
    for rest in ["BAD\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
      let other = try Self()
      try other.send(Self.whole + rest + Self.whole)
      #expect(try other.requests().count == 1)
      #expect(try other.written() == "")
      try other.answer()
      let text = try other.written()
      #expect(text.hasPrefix("HTTP/1.1 200 ") && text.contains("HTTP/1.1 400 "), "\(text)")
      #expect(!other.channel.isActive)
    }
  }

  @Test("ends with the answer when the client wants it so, and reads no further")
  func last() throws {
    for (head, version) in [
      ("GET / HTTP/1.0\r\n", "1.0"), ("GET / HTTP/1.0\r\nHost: a\r\nConnection: close\r\n", "1.0"),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n", "1.1"),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", "1.1"),
    ] {
      let other = try Self()
      try other.send(head + "\r\n" + Self.whole)
      #expect(try other.requests().count == 1, "\(head)")
      try other.answer()
      let text = try other.written()
      #expect(text.hasPrefix("HTTP/\(version) 200 OK\r\n") && text.contains("Connection: close\r\n"), "\(text)")
      #expect(!other.channel.isActive)
    }
  }

  @Test("stays open for HTTP/1.0 when it is asked to, and says so, if the answer has a length")
  func keepAlive() throws {
    let head = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"
    for _ in 0..<2 {
      try send(head)
      try answer()
      let text = try written()
      #expect(text.hasPrefix("HTTP/1.0 200 OK\r\n") && text.contains("Connection: keep-alive\r\n"), "\(text)")
    }
    try send(head)
    try answer([:])
    let text = try written()
    #expect(text.contains("Connection: close\r\n") && !text.contains("chunked"), "\(text)")
    #expect(!channel.isActive)
  }

  @Test("answers HEAD without a body, whatever the answer, and HTTP/1.1 with chunks where no length is known")
  func framing() throws {
    let json: HTTPFields = [.contentLength: "5"]
    for (method, version, fields, wanted) in [
      ("HEAD", "1.1", json, "Content-Length: 5\r\n\r\n"), ("HEAD", "1.1", [:], "OK\r\n\r\n"),
      ("GET", "1.1", json, "Content-Length: 5\r\n\r\nHello"),
      ("GET", "1.1", [:], "transfer-encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n"),
      ("HEAD", "1.0", json, "Connection: close\r\n\r\n"), ("GET", "1.0", [:], "Connection: close\r\n\r\nHello"),
    ] as [(String, String, HTTPFields, String)] {
      let other = try Self()
      try other.send("\(method) / HTTP/\(version)\r\nHost: a\r\n\r\n")
      try other.channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok, headerFields: fields)))
      try other.channel.writeOutbound(HTTPResponsePart.body(ByteBuffer(string: "Hello")))
      try other.channel.writeOutbound(HTTPResponsePart.end(nil))
      let text = try other.written()
      #expect(text.hasSuffix(wanted), "\(method) HTTP/\(version) \(fields): \(text)")
      #expect(text.contains("chunked") == wanted.contains("chunked"))
    }
  }

  @Test("answers a HEAD that is no request without a body too, and each of several requests in its own way")
  func headErrors() throws {
    for head in [
      "HEAD / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "HEAD / HTTP/1.1\r\nHost: a\r\nno\r\n\r\n",
      "HEAD / HTTP/1.1\r\nX: \(String(repeating: "y", count: 40_000))\r\n\r\n",
    ] {
      for size in [1, 7, 100_000] {
        let other = try Self()
        for begin in stride(from: 0, to: head.utf8.count, by: size) {
          // What comes after the answer is read for nobody.
          _ = try? other.channel.writeInbound(ByteBuffer(bytes: Array(head.utf8)[begin...].prefix(size)))
        }
        let text = try other.written()
        #expect(text.hasPrefix("HTTP/1.1 4") && text.hasSuffix("\r\n\r\n") && !text.contains("{"), "\(text)")
        #expect(text.contains("Content-Length: "))
      }
    }
    let late = try Self()
    try late.send("HEAD /hea")
    late.pass(Self.limits.head)
    #expect(try late.written().hasSuffix("\r\n\r\n"))
    try send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + "NONSENSE\r\n\r\n")
    try answer()
    let text = try written()
    #expect(text.hasPrefix("HTTP/1.1 200 ") && text.contains(" 400 ") && text.hasSuffix("}\n"), "\(text)")
  }

  @Test("asks for a body that waits to be asked for, once, and for no other")
  func asks() throws {
    func ask() throws -> String {
      channel.triggerUserOutboundEvent(RequestCodec.Continue(), promise: nil)
      return try written()
    }
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    try send(head)
    #expect(try ask() == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(try ask() == "")
    try send("{}")
    try answer()
    #expect(try written().hasPrefix("HTTP/1.1 200 OK\r\n"))
    for bytes in [head + "{", head + "{}", Self.whole, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"] {
      let other = try Self()
      try other.send(bytes)
      other.channel.triggerUserOutboundEvent(RequestCodec.Continue(), promise: nil)
      #expect(try other.written() == "", "\(bytes)")
    }
    // Of HTTP/1.0 there is nobody who waits.
    let old = try Self()
    try old.send(head.replacing("HTTP/1.1", with: "HTTP/1.0"))
    #expect(try old.requests().first?.headerFields[.expect] == nil)
  }

  @Test(
    "refuses what says not clearly how long a body is",
    arguments: [
      ("HTTP/1.1", "Transfer-Encoding: gzip, chunked", 501), ("HTTP/1.1", "Transfer-Encoding: chunked, chunked", 400),
      ("HTTP/1.1", "Transfer-Encoding: identity", 501), ("HTTP/1.0", "Transfer-Encoding: chunked", 400),
      ("HTTP/1.1", "Transfer-Encoding: chunked\r\nContent-Length: 4", 400), ("HTTP/1.1", "Content-Length: 4, 4", 400),
      ("HTTP/1.1", "Content-Length: 4\r\nContent-Length: 4", 400), ("HTTP/1.1", "Content-Length: +4", 400),
    ])
  func length(version: String, field: String, status: Int) throws {
    try? send("POST / \(version)\r\nHost: a\r\n\(field)\r\n\r\n0\r\n\r\n" + Self.whole)
    #expect(try requests().isEmpty)
    #expect(try written().contains(" \(status) "))
    #expect(!channel.isActive)
  }

  @Test("takes no more than it would for a body when nothing is read any more")
  func unread() throws {
    try send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    #expect(try requests().count == 1)
    let piece = String(repeating: "x", count: 1 << 16)
    for _ in 0..<16 { try send(piece) }
    #expect(channel.isActive)
    try send("x")
    #expect(!channel.isActive)
  }
}

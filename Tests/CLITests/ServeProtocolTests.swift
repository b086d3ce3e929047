import Foundation
import Testing

/// What HTTP clients of all kinds send, byte by byte.
@Suite("The HTTP of gpt2 serve", .serialized, .timeLimit(.minutes(3)))
struct ServeProtocolTests {
  private static let body = #"{"prompt":"To be"}"#

  private func post(_ fields: String, _ body: String = body, version: String = "1.1") -> String {
    "POST /tokenize HTTP/\(version)\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n" + body
  }

  @Test("gives HEAD a head alone, so that the next answer is where it should be")
  func head() throws {
    let server = try ServedModel()
    let last = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for (path, host, status) in [
      ("/health", "localhost", 200), ("/", "localhost", 200), ("/metrics", "localhost", 200),
      ("/v1/completions", "localhost", 405), ("/none", "localhost", 404), ("/v1/models/none", "localhost", 404),
      ("/pipeline?after=x", "localhost", 400), ("/health", "evil.example", 421),
    ] {
      let connection = try server.connect()
      connection.send("HEAD \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n" + last)
      let text = connection.rest()
      #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(path): \(text)")
      let rest = try #require(text.firstRange(of: "\r\n\r\n")).upperBound
      let next = try Answer(String(text[rest...]))
      #expect(next.status == 200 && next.body == "{\"status\":\"ok\"}\n", "\(path): \(text)")
    }
  }

  @Test("gives HTTP/1.0 no chunks, and the end of the connection unless it asks to keep it")
  func old() throws {
    let server = try ServedModel()
    let members = #"{"prompt":"ROMEO:","max_tokens":4,"seed":1,"stream":true}"#
    for field in ["", "Connection: keep-alive\r\n"] {
      let connection = try server.connect()
      connection.send(
        "POST /v1/completions HTTP/1.0\r\n\(field)Content-Length: \(members.utf8.count)\r\n\r\n" + members)
      let answer = try connection.answer()
      #expect(answer.status == 200 && answer.headers["connection"] == "close")
      #expect(answer.headers["transfer-encoding"] == nil && answer.body.hasPrefix("data: {"), "\(answer)")
      #expect(answer.body.hasSuffix("data: [DONE]\n\n"))
    }
  }

  @Test("asks for a body that waits, and refuses at once what it will not read")
  func expect() throws {
    let server = try ServedModel()
    let connection = try server.connect()
    let request = post("Expect: 100-continue\r\nConnection: close\r\n")
    connection.send(String(request.dropLast(Self.body.count)))
    #expect(connection.receive() == "HTTP/1.1 100 Continue\r\n\r\n")
    connection.send(Self.body)
    #expect(try connection.answer().status == 200)
    for (start, fields, status) in [
      ("POST /none", "Expect: 100-continue\r\nContent-Length: 9", 404),
      ("POST /tokenize", "Expect: 100-continue\r\nContent-Length: 9999999", 413),
      ("POST /tokenize", "Expect: 100-continue\r\nContent-Encoding: br\r\nContent-Length: 9", 415),
      ("POST /tokenize", "Expect: a-miracle\r\nContent-Length: 9", 417),
      ("GET /health", "Expect: 100-continue, a-miracle", 417),
    ] {
      let refused = try server.connect()
      refused.send("\(start) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(fields)\r\n\r\n")
      #expect(try refused.answer().status == status, "\(start) \(fields)")
    }
  }

  @Test("reads bodies by gzip and deflate, within the same bounds as others")
  func compressed() throws {
    let server = try ServedModel()
    func gzip(_ text: String) throws -> Data {
      let process = Process()
      let (input, output) = (Pipe(), Pipe())
      (process.executableURL, process.arguments) = (URL(filePath: "/usr/bin/gzip"), ["-c"])
      (process.standardInput, process.standardOutput) = (input, output)
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
      try input.fileHandleForWriting.close()
      return try output.fileHandleForReading.readToEnd() ?? Data()
    }
    func answer(_ body: Data, _ encoding: String) throws -> Answer {
      let connection = try server.connect()
      connection.send(
        "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Encoding: \(encoding)\r\n"
          + "Content-Length: \(body.count)\r\n\r\n")
      connection.send(body)
      return try connection.answer()
    }
    let plain = try server.call("POST", "/tokenize", Self.body).body
    let whole = try gzip(Self.body)
    #expect(try answer(whole, "gzip").body == plain)
    #expect(try answer(whole, "X-GZIP").body == plain)
    #expect(try answer(gzip(String(Self.body.prefix(5))) + gzip(String(Self.body.dropFirst(5))), "gzip").body == plain)
    #expect(try answer(Data(Self.body.utf8), "identity").body == plain)
    for (body, encoding, status) in [
      (whole.dropLast(1), "gzip", 400), (whole + Data([1]), "gzip", 400), (Data(Self.body.utf8), "gzip", 400),
      (Data(), "gzip", 400), (whole, "br", 415), (whole, "gzip, gzip", 415),
      (try gzip(String(repeating: " ", count: 40 << 20)), "gzip", 413),
    ] {
      let refused = try answer(body, encoding)
      #expect(refused.status == status, "\(encoding): \(refused)")
      #expect(try refused.error()["message"] is String)
      #expect((refused.headers["accept-encoding"] != nil) == (status == 415))
    }
  }

  @Test("lets pages of listed origins send what OpenAI's JavaScript client does")
  func preflight() throws {
    let asked = "authorization, content-type, x-stainless-os, x-stainless-retry-count"
    for origin in ["http://localhost:3000", "*"] {
      let server = try ServedModel(["--cors-origin", origin])
      func ask(_ fields: String) throws -> Answer {
        let connection = try server.connect()
        connection.send(
          "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
            + "Connection: close\r\nAccess-Control-Request-Method: POST\r\n\(fields)\r\n")
        return try connection.answer()
      }
      let answer = try ask("Access-Control-Request-Headers: \(asked.filter { $0 != " " })\r\n")
      #expect(answer.status == 204 && answer.headers["content-length"] == nil)
      #expect(answer.headers["access-control-allow-headers"] == asked)
      #expect(answer.headers["access-control-allow-origin"] == (origin == "*" ? "*" : "http://localhost:3000"))
      #expect(answer.headers["access-control-max-age"].flatMap { Int($0) } ?? 0 > 0)
      #expect(answer.headers["vary"]?.contains("Access-Control-Request-Headers") == true)
      #expect(try ask("").headers["access-control-allow-headers"] == "Authorization, Content-Type")
      // What is no name of a field comes back to nobody.
      #expect(
        try ask("Access-Control-Request-Headers: a b, <c>\r\n").headers["access-control-allow-headers"]
          == "Authorization, Content-Type")
    }
  }

  @Test("counts a client that goes away in the middle of a body as one that went away", arguments: [true, false])
  func gone(byReset: Bool) throws {
    let server = try ServedModel()
    for fields in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{"] {
      let connection = try server.connect()
      connection.send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + fields)
      #expect(try eventually { try server.metric("gpt2_http_requests_running") == 2 })
      if byReset { connection.reset() }
    }
    let route = #"gpt2_http_requests_total{route="/v1/completions",status="499"}"#
    #expect(try eventually { try server.metric(route) == 2 })
    #expect(try server.metric("gpt2_http_abandoned_total") == 2)
    #expect(server.program.complaints.isEmpty, "\(server.program.notes)")
  }

  @Test("says what there is to who asks for something else, and what may be done to who does something else")
  func other() throws {
    let server = try ServedModel()
    let missing = try #require(try server.call("GET", "/v1/completion").error()["message"] as? String)
    for path in ["/v1/completions", "/v1/embeddings", "/health", "/v1/models", "/tokenize"] {
      #expect(missing.contains(path), "\(missing)")
    }
    let wrong = try server.call("PUT", "/v1/completions")
    #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
    #expect(try server.call("OPTIONS", "/health").headers["allow"] == "GET, HEAD")
  }
}

import Foundation
import Platform
import Testing

/// Who a server answers, and how many at once.
@Suite("The doors of gpt2 serve", .serialized, .timeLimit(.minutes(3)))
struct ServeDoorTests {
  /// A call with head fields of the test's own.
  private func call(
    _ server: ServedModel, _ fields: [String], start: String = "POST /tokenize HTTP/1.1"
  ) throws -> Answer {
    let connection = try server.connect()
    let body = start.hasPrefix("POST") ? #"{"prompt":"To be"}"# : ""
    connection.send(
      ([start] + fields + ["Connection: close", "Content-Length: \(body.utf8.count)"]).joined(separator: "\r\n")
        + "\r\n\r\n" + body)
    return try connection.answer()
  }

  @Test("is for names of this machine alone, and for those it is given")
  func hosts() throws {
    let server = try ServedModel(["--allowed-host", "Model.Example", "--allowed-host", "192.0.2.7"])
    for host in ["localhost", "127.0.0.1:\(server.port)", "[::1]", "model.example.:80", "192.0.2.7:8080"] {
      #expect(try call(server, ["Host: \(host)"]).status == 200, "\(host)")
    }
    for host in ["evil.example", "localhost.evil.example", "evil@localhost", "192.0.2.8", ""] {
      let refused = try call(server, ["Host: \(host)"])
      #expect(refused.status == 421, "\(host)")
      #expect((try refused.error()["message"] as? String)?.contains("--allowed-host") == true)
      #expect(try refused.error()["code"] as? String == "unknown_host")
    }
    for path in ["/", "/health", "/ready", "/metrics", "/pipeline", "/v1/models", "/none"] {
      #expect(try call(server, ["Host: evil.example"], start: "GET \(path) HTTP/1.1").status == 421, "\(path)")
      #expect(
        try call(server, ["Host: localhost"], start: "GET http://evil.example\(path) HTTP/1.1").status == 421, "\(path)"
      )
    }
    #expect(try call(server, ["Host: localhost"], start: "GET http://localhost/health HTTP/1.1").status == 200)
    #expect(try call(server, [], start: "GET /health HTTP/1.0").status == 200)
    #expect(try call(server, [], start: "GET /health HTTP/1.1").status == 400)
    #expect(try call(server, ["Host: localhost", "Host: localhost"], start: "GET /health HTTP/1.1").status == 400)
    #expect(server.program.complaints.isEmpty, "\(server.program.notes)")
  }

  @Test("takes any name on a network, or only those it is given")
  func network() throws {
    let open = try ServedModel(host: "0.0.0.0")
    #expect(try call(open, ["Host: any.example"]).status == 200)
    let named = try ServedModel(["--allowed-host", "model.example"], host: "0.0.0.0")
    for (host, status) in [("any.example", 421), ("model.example", 200), ("localhost", 200)] {
      #expect(try call(named, ["Host: \(host)"]).status == status, "\(host)")
    }
  }

  @Test("lets its own page call, and those of origins that it is given")
  func origins() throws {
    let server = try ServedModel(["--cors-origin", "http://a.example", "--cors-origin", "https://b.example:8443"])
    let own = "127.0.0.1:\(server.port)"
    for origin in ["http://\(own)", "http://a.example", "https://b.example:8443"] {
      let answer = try call(server, ["Host: \(own)", "Origin: \(origin)"])
      #expect(answer.status == 200 && answer.headers["vary"] == "Origin", "\(origin)")
      #expect(answer.headers["access-control-allow-origin"] == (origin.contains(own) ? nil : origin), "\(origin)")
    }
    for origin in [
      "null", "http://evil.example", "https://\(own)", "http://127.0.0.1", "http://localhost:\(server.port)",
      "http://a.example:81", "https://a.example", "http://a.example.evil.example", "",
    ] {
      let refused = try call(server, ["Host: \(own)", "Origin: \(origin)"])
      #expect(refused.status == 403 && refused.headers["access-control-allow-origin"] == nil, "\(origin)")
      #expect((try refused.error()["message"] as? String)?.contains("--cors-origin") == true)
    }
    #expect(try call(server, ["Host: \(own)", "Origin: http://a.example", "Origin: null"]).status == 403)
    // A page may read what is wrong.
    let wrong = try call(server, ["Host: \(own)", "Origin: http://a.example"], start: "GET /none HTTP/1.1")
    #expect(wrong.status == 404 && wrong.headers["access-control-allow-origin"] == "http://a.example")
    let asks = ["Host: \(own)", "Access-Control-Request-Method: POST"]
    let preflight = try call(server, asks + ["Origin: http://a.example"], start: "OPTIONS /v1/completions HTTP/1.1")
    #expect(preflight.status == 204 && preflight.headers["access-control-allow-origin"] == "http://a.example")
    #expect(preflight.headers["access-control-allow-headers"]?.contains("Authorization") == true)
    #expect(
      try call(server, asks + ["Origin: http://evil.example"], start: "OPTIONS /v1/completions HTTP/1.1").status == 403)

    let any = try ServedModel(["--cors-origin", "*"])
    let answer = try call(any, ["Host: localhost", "Origin: null"])
    #expect(answer.status == 200 && answer.headers["access-control-allow-origin"] == "*")
    for flags in [["--cors-origin", "null"], ["--cors-origin", "a.example"], ["--allowed-host", "a.example:80"]] {
      let refused = try Program(["serve"] + flags)
      #expect(refused.status == 64 && refused.notes.contains(flags[0]), "\(refused.notes)")
    }
  }

  @Test("ends a connection of HTTP/1.0 with its answer, or keeps it when asked to")
  func old() throws {
    let server = try ServedModel()
    let once = try server.connect()
    once.send("GET /health HTTP/1.0\r\n\r\n")
    #expect(try once.answer().headers["connection"] == "close")
    let kept = try server.connect()
    for _ in 0..<3 {
      kept.send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      var text = ""
      while !text.contains("\"ok\"") {
        let piece = kept.receive()
        try #require(!piece.isEmpty, "\(text)")
        text += piece
      }
      #expect(text.lowercased().contains("connection: keep-alive"))
    }
  }

  @Test("answers however many connections idle, and does not keep them")
  func idle() throws {
    // 96 connections.
    let server = try ServedModel(descriptors: 160)
    let begun = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
    // More than there may be, in every way of not asking for anything.
    for bytes in [
      "", "G", begun, begun + "\r\n", "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n",
    ] {
      let crowd = try (0..<150).map { _ in try server.connect() }
      for connection in crowd where !bytes.isEmpty { connection.send(bytes) }
      for path in ["/health", "/ready"] { #expect(try server.call("GET", path).status == 200, "\(bytes)") }
      // That of the call beside the share of an address.
      if bytes.isEmpty { #expect(try eventually { try server.metric("gpt2_http_connections") ?? 99 <= 65 }) }
      withExtendedLifetime(crowd) {}
    }
    #expect(server.program.complaints.isEmpty, "\(server.program.notes)")
  }

  @Test("goes on when it can open nothing more")
  func descriptors() throws {
    let server = try ServedModel()
    let folder = "/proc/\(server.program.processIdentifier)/fd"
    let count = try FileManager.default.contentsOfDirectory(atPath: folder).count
    let lower = Process()
    lower.executableURL = URL(filePath: "/usr/bin/prlimit")
    lower.arguments = ["--pid", "\(server.program.processIdentifier)", "--nofile=\(count + 30):\(count + 30)"]
    try lower.run()
    lower.waitUntilExit()
    try #require(lower.terminationStatus == 0)
    let crowd = try (0..<200).map { _ in try server.connect() }
    for path in ["/health", "/ready"] { #expect(try server.call("GET", path).status == 200) }
    try server.program.note(with: "no descriptor for another connection")
    #expect(try server.complete(#""max_tokens":1"#).status == 200)
    #expect(server.program.complaints.isEmpty, "\(server.program.notes)")
    withExtendedLifetime(crowd) {}
  }
}

import Foundation
import TestSupport
import Testing

@Suite("gpt2 serve", .serialized, .timeLimit(.minutes(3)))
struct ServeTests {
  @Test("answers what generate writes, whole and as a stream")
  func completion() throws {
    let alone = try #require(
      try Program(["generate", "--json", "--logprobs", "2", "--stages", "1"] + Cluster.question).objects().first)
    let server = try ServedModel(["--stages", "2"])
    let members = #""prompt":"ROMEO:","max_tokens":24,"seed":5,"logprobs":2"#
    let whole = try server.complete(members)
    #expect(whole.status == 200 && whole.headers["x-request-id"]?.hasPrefix("req-") == true)
    let object = try whole.object()
    #expect(object["object"] as? String == "text_completion" && object["model"] as? String == "gpt2-demo")
    let choice = try #require((object["choices"] as? [[String: Any]])?.first)
    #expect(choice["text"] as? String == alone["text"] as? String && choice["finish_reason"] as? String == "length")
    let usage = try #require(object["usage"] as? [String: Int])
    #expect(usage == ["prompt_tokens": 2, "completion_tokens": 24, "total_tokens": 26])

    let models = try server.call("GET", "/v1/models").object()
    let settings = try #require((models["data"] as? [[String: Any]])?.first?["settings"] as? [String: Any])
    #expect(settings["eos_token_id"] as? [Int] == [1023] && settings["bos_token_id"] as? Int == 1023)
    #expect((settings["tokenizer"] as? [String: Any])?["tokens"] as? Int == 1024)
    #expect((alone["model"] as? [String: Any])?["eos_token_id"] as? [Int] == [1023])

    let stream = try server.complete(members + #","stream":true,"stream_options":{"include_usage":true}"#)
    #expect(stream.status == 200 && stream.headers["content-type"]?.hasPrefix("text/event-stream") == true)
    let events = stream.events
    #expect(events.count == 26 && events.last == "[DONE]")
    let objects = try events.dropLast().map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let text = objects.compactMap { ($0["choices"] as? [[String: Any]])?.first?["text"] as? String }.joined()
    #expect(text == choice["text"] as? String)
    #expect(objects.last?["usage"] as? [String: Int] == usage && (objects.last?["choices"] as? [Any])?.isEmpty == true)
    #expect(Set(objects.compactMap { $0["id"] as? String }).count == 1)
  }

  @Test("answers what it cannot do in the API's shape, and goes on")
  func errors() throws {
    let server = try ServedModel()
    let post = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
    let calls: [(request: String, status: Int, param: String?)] = [
      (ServedModel.request("POST", "/v1/completions", "{"), 400, nil),
      (ServedModel.request("POST", "/v1/completions", #"{"prompt":3}"#), 400, "prompt"),
      (ServedModel.request("POST", "/v1/completions", #"{"max_tokens":1000}"#), 400, "max_tokens"),
      (ServedModel.request("POST", "/v1/completions", #"{"model":"gpt-4"}"#), 404, "model"),
      (ServedModel.request("POST", "/v1/completions", #"{"suffix":"x"}"#), 400, "suffix"),
      (ServedModel.request("POST", "/v1/chat/completions", "{}"), 400, nil),
      (ServedModel.request("POST", "/v1/embeddings", "{}"), 400, "input"),
      (ServedModel.request("POST", "/detokenize", #"{"tokens":[99999]}"#), 400, "tokens"),
      (ServedModel.request("GET", "/v1/models/gpt-4"), 404, "model"), (ServedModel.request("GET", "/none"), 404, nil),
      (ServedModel.request("GET", "/v1/completions"), 405, nil),
      (ServedModel.request("DELETE", "/v1/models"), 405, nil),
      (post + "Content-Length: 999999999\r\n\r\n", 413, nil),
      (post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nnonsense\r\n\r\n", 400, nil),
      ("nonsense\r\n\r\n", 400, nil),
      ("GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, nil),
      ("GET /health HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 20_000) + "\r\n", 431, nil),
    ]
    for (request, status, param) in calls {
      let connection = try server.connect()
      connection.send(request)
      let answer = try connection.answer()
      #expect(answer.status == status, "\(request.prefix(80)) -> \(answer)")
      let error = try answer.error()
      #expect(error["param"] as? String == param, "\(request.prefix(80)) -> \(error)")
      #expect(error["message"] is String && error["type"] is String && error.keys.contains("code"))
    }
    // The rest of a body that is too large is not waited for.
    let endless = try server.connect()
    endless.send(post + "Transfer-Encoding: chunked\r\n\r\n")
    let chunk = "10000\r\n\(String(repeating: "x", count: 65536))\r\n"
    var sent = 0
    while sent < 8000, endless.send(chunk) { sent += 1 }
    #expect(sent < 8000)
    #expect(try server.complete(#""max_tokens":1"#).status == 200)
    #expect(try server.metric("gpt2_texts") == 0)
  }

  @Test("lets in who has a key, and anybody to its page")
  func keys() throws {
    let folder = try TemporaryFolder()
    try Data("# test\n0123456789abcdef\n".utf8).write(to: folder.url.appending(path: "keys"))
    let server = try ServedModel(["--api-key-file", folder.path("keys")])
    for path in ["/", "/health", "/ready"] { #expect(try server.call("GET", path).status == 200) }
    for path in ["/metrics", "/pipeline", "/v1/cluster", "/v1/models", "/none"] {
      #expect(try server.call("GET", path).status == 401)
      #expect(try server.call("GET", path, key: "0123456789abcdeF").status == 401)
    }
    // Before any of the body is there.
    let connection = try server.connect()
    connection.send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
    let refused = try connection.answer()
    #expect(refused.status == 401 && refused.headers["connection"] == "close")
    #expect(try refused.error()["code"] as? String == "invalid_api_key")
    #expect(try server.call("GET", "/v1/models", key: "0123456789abcdef").status == 200)
    #expect(server.program.notes.allSatisfy { !$0.contains("0123456789abcde") })
  }

  /// A text of all the demo model's context, as a stream.
  private static let long = #""prompt":"","max_tokens":250,"stream":true,"logit_bias":{"0":-100}"#

  @Test("frees the texts of clients that go away within a second, and has no more than it takes")
  func load() throws {
    let server = try ServedModel(["--max-requests", "48", "--batch", "4"])
    var connections = try (0..<6).map { _ in try server.connect() }
    for connection in connections {
      connection.send(ServedModel.request("POST", "/v1/completions", "{\(Self.long),\"n\":8}"))
      #expect(connection.receive().hasPrefix("HTTP/1.1 200"))
    }
    let refused = try server.complete(#""max_tokens":1"#)
    #expect(refused.status == 429 && (refused.headers["retry-after"].flatMap { Int($0) } ?? 0) >= 1)
    #expect(try refused.error()["code"] as? String == "rate_limit_exceeded")
    connections = []
    let start = SuspendingClock.now
    #expect(try eventually { try server.metric("gpt2_texts") == 0 })
    #expect(try eventually { try server.metric("gpt2_cache_slots_used") == 0 })
    // Half a second for a machine that does something else too.
    #expect(SuspendingClock.now - start < .seconds(1.5))
    #expect(try server.complete(#""max_tokens":1"#).status == 200)
    #expect(try server.metric("gpt2_http_abandoned_total") == 6)
  }

  @Test("finishes what runs at SIGTERM, takes nothing new, and exits with 0")
  func drain() throws {
    let server = try ServedModel()
    let connection = try server.connect()
    connection.send(ServedModel.request("POST", "/v1/completions", "{\(Self.long),\"n\":6}"))
    #expect(connection.receive().hasPrefix("HTTP/1.1 200"))
    let idle = try server.connect()
    server.program.signal(SIGTERM)
    try server.program.note(with: "draining")
    let refused = try server.call("GET", "/ready")
    #expect(refused.status == 503 && refused.body.contains("draining"))
    #expect(try server.complete(#""max_tokens":1"#).status == 503)
    #expect(connection.rest().contains("data: [DONE]"))
    #expect(try server.program.end() == 0)
    #expect(server.program.complaints.isEmpty, "\(server.program.notes)")
    withExtendedLifetime(idle) {}
  }

  @Test("ends at once at a second signal, and at --drain's end with what still runs")
  func hurry() throws {
    for (flags, signals) in [(["--drain", "600"], 2), (["--drain", "0"], 1)] {
      let server = try ServedModel(flags)
      let connection = try server.connect()
      connection.send(ServedModel.request("POST", "/v1/completions", "{\(Self.long),\"n\":32}"))
      #expect(connection.receive().hasPrefix("HTTP/1.1 200"))
      server.program.signal(SIGTERM)
      try server.program.note(with: "draining")
      if signals == 2 { server.program.signal(SIGTERM) }
      #expect(try server.program.end() == (signals == 2 ? -SIGTERM : 0))
    }
  }

  @Test("says in one line that its port is taken")
  func taken() throws {
    let server = try ServedModel()
    let other = try Program(["serve", "--http", "127.0.0.1:\(server.port)"])
    #expect(other.status == 1 && other.output.isEmpty)
    let complaints = other.notes.split(separator: "\n").filter { $0.contains("gpt2: ") }
    #expect(complaints.count == 1 && complaints[0].contains("another program listens there"), "\(other.notes)")
  }

  @Test("tells its clients when a worker is gone that is not to be replaced, and exits with 1")
  func worker() throws {
    let server = try ServedModel(["--spawn", "2", "--recover", "none"])
    let workers = server.program.children
    try #require(workers.count == 2)
    let (whole, stream) = (try server.connect(), try server.connect())
    whole.send(ServedModel.request("POST", "/v1/completions", #"{"max_tokens":250,"n":16,"logit_bias":{"0":-100}}"#))
    stream.send(ServedModel.request("POST", "/v1/completions", "{\(Self.long),\"n\":16}"))
    #expect(stream.receive().hasPrefix("HTTP/1.1 200"))
    kill(workers[1], SIGKILL)
    let start = SuspendingClock.now
    let answer = try whole.answer()
    #expect(answer.status == 503 && answer.headers["retry-after"] != nil)
    let message = try #require(try answer.error()["message"] as? String)
    #expect(message.contains("cluster") && !message.contains("worker-"))
    let rest = stream.rest()
    #expect(rest.contains(#""error":{"#) && !rest.contains("worker-") && !rest.contains("[DONE]"))
    #expect(try server.program.end() == 1)
    #expect(SuspendingClock.now - start < .seconds(2.5))
    #expect(server.program.notes.contains { $0.contains("worker-2") && $0.contains("lost") })
    #expect(eventually(within: .seconds(1)) { !workers.contains(where: isAlive) })
  }

  @Test("writes on when a worker is lost, takes requests meanwhile, and tells of it")
  func recovery() throws {
    let server = try ServedModel(["--spawn", "2"])
    let body = #"{"max_tokens":250,"n":8,"seed":5,"logit_bias":{"0":-100}}"#
    let wanted = try server.call("POST", "/v1/completions", body).object()["choices"] as? [[String: Any]]
    let workers = server.program.children
    try #require(workers.count == 2)
    let running = try server.connect()
    running.send(ServedModel.request("POST", "/v1/completions", body))
    try #require(
      eventually(within: .seconds(5)) { (try? server.metric("gpt2_requests_running")).flatMap { $0 } ?? 0 > 0 })
    kill(workers[1], SIGKILL)
    for _ in 0..<20 { #expect(try server.complete(#""max_tokens":1"#).status == 200) }
    let answer = try running.answer()
    let choices = try #require(answer.object()["choices"] as? [[String: Any]])
    #expect(answer.status == 200 && choices.count == 8)
    #expect(choices.map { $0["text"] as? String } == wanted?.map { $0["text"] as? String })
    #expect(eventually(within: .seconds(5)) { (try? server.metric("gpt2_recoveries_total")) == 1 })
    #expect(try server.metric("gpt2_worker_losses_total") == 1 && server.metric("gpt2_recovering") == 0)
    let cluster = try server.call("GET", "/v1/cluster")
    #expect(try cluster.object()["losses"] as? Int == 1 && !cluster.body.contains("tcp:"))
    #expect(try server.call("GET", "/ready").status == 200)
  }
}

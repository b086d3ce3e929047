import Coordinator
import GPT2
import HTTPTypes
import JSON
import Testing

@testable import Server

@Suite("Routes", .serialized, .timeLimit(.minutes(2))) struct RoutesTests {
  private static func json(_ answer: TestServer.Answer) throws -> JSONObject {
    try #require(JSONValue(parsing: Array(answer.text.utf8)).object)
  }

  @Test("answer what there is, and say what there is to who asks for something else")
  func paths() async throws {
    let server = try await TestServer()
    for path in ["/", "/health", "/ready", "/metrics", "/pipeline", "/v1/cluster", "/v1/models", "/v1/models/demo"] {
      #expect(try await server.ask("GET", path).status == 200, "\(path)")
    }
    let missing = try await server.ask("GET", "/v1/nothing")
    #expect(missing.status == 404 && missing.text.contains("/v1/completions"))
    let wrong = try await server.ask("GET", "/v1/completions")
    #expect(wrong.status == 405 && wrong.headers["allow"] == "POST")
    let posted = try await server.ask("POST", "/v1/cluster", "{}")
    #expect(posted.status == 405 && posted.headers["allow"] == "GET, HEAD")
    let other = try await server.ask("GET", "/v1/models/gpt4")
    #expect(other.status == 404 && other.text.contains("model_not_found"))
    let chat = try await server.ask("POST", "/v1/chat/completions", "{}")
    #expect(chat.status == 400 && chat.text.contains("/v1/completions"))
  }

  @Test("complete, stream the same, and count the same")
  func completions() async throws {
    let server = try await TestServer()
    let body = #""prompt":"ROMEO:","max_tokens":9,"temperature":0.8,"seed":3"#
    let whole = try Self.json(try await server.ask("POST", "/v1/completions", "{\(body)}"))
    let choice = try #require(whole["choices"]?.array?.first?.object)
    let text = try #require(choice["text"]?.string)
    #expect(!text.isEmpty && choice["finish_reason"]?.string == "length")
    #expect(whole["usage"]?.object?["completion_tokens"]?.integer == 9)
    let stream = try await server.ask(
      "POST", "/v1/completions", #"{\#(body),"stream":true,"stream_options":{"include_usage":true}}"#)
    #expect(stream.headers["content-type"]?.hasPrefix("text/event-stream") == true)
    let events = stream.text.split(separator: "\n\n").map { $0.dropFirst("data: ".count) }
    #expect(events.last == "[DONE]")
    let pieces = try events.dropLast().map { try #require(JSONValue(parsing: Array($0.utf8)).object) }
    #expect(pieces.compactMap { $0["choices"]?.array?.first?.object?["text"]?.string }.joined() == text)
    #expect(pieces.last?["usage"]?.object?["completion_tokens"]?.integer == 9)
  }

  @Test("read tokens, and give them back as text")
  func tokens() async throws {
    let server = try await TestServer()
    let answer = try Self.json(try await server.ask("POST", "/tokenize", #"{"prompt":"ROMEO: what"}"#))
    let tokens = (answer["tokens"]?.array ?? []).compactMap { $0.integer }
    #expect(!tokens.isEmpty)
    #expect(answer["count"]?.integer == tokens.count)
    let back = try Self.json(try await server.ask("POST", "/detokenize", #"{"tokens":\#(tokens)}"#))
    #expect(back["prompt"]?.string == "ROMEO: what")
  }

  @Test("give a vector for each text")
  func embeddings() async throws {
    let server = try await TestServer()
    let answer = try Self.json(
      try await server.ask("POST", "/v1/embeddings", #"{"input":["ROMEO:","what light"],"encoding_format":"float"}"#))
    let vectors = (answer["data"]?.array ?? []).compactMap { $0.object?["embedding"]?.array?.count }
    #expect(vectors == [128, 128])
  }

  @Test("refuse by the field that is wrong, and all work while the model is not ready")
  func refusals() async throws {
    let server = try await TestServer()
    for (body, field) in [
      (#"{"prompt":"a","max_tokens":"x"}"#, "max_tokens"), (#"{"prompt":"a","temperature":-1}"#, "temperature"),
      (#"{"prompt":"a","model":"gpt4"}"#, "model"), ("{", ""), (#"{"prompt":"a","max_tokens":100000}"#, "max_tokens"),
    ] {
      let answer = try await server.ask("POST", "/v1/completions", body)
      #expect((400..<500).contains(answer.status) && answer.text.contains(field), "\(body): \(answer.text)")
    }
    server.server.state.become(.failed("1 of 2 workers"))
    let busy = try await server.ask("POST", "/v1/completions", #"{"prompt":"a"}"#)
    #expect(busy.status == 503 && busy.text.contains("1 of 2 workers"))
    #expect(try await server.ask("GET", "/ready").status == 503)
    #expect(try await server.ask("GET", "/health").status == 200)
  }

  @Test("say who is there, without addresses")
  func cluster() async throws {
    let server = try await TestServer()
    var answer = try Self.json(try await server.ask("GET", "/v1/cluster"))
    // The engine writes it down a few times a second.
    while answer["stages"]?.array?.count != 2 { answer = try Self.json(try await server.ask("GET", "/v1/cluster")) }
    #expect(answer["object"]?.string == "cluster" && answer["state"]?.string == "ready")
    #expect(answer["losses"]?.integer == 0 && answer["spares"]?.array?.isEmpty == true)
    let stages = (answer["stages"]?.array ?? []).compactMap(\.object)
    #expect(stages.map { $0["stage"]?.integer } == [1, 2] && stages.allSatisfy { $0["threads"]?.integer == 1 })
    #expect(stages[0]["first_block"]?.integer == 0)
    #expect(stages[1]["last_block"]?.integer == server.engine.configuration.layerCount - 1)
    #expect(stages.allSatisfy { $0["address"] == nil && $0["name"]?.string?.isEmpty == false })
  }

  @Test("take requests while a loss is made good, and refuse them while nobody can make it good")
  func recovering() async throws {
    let server = try await TestServer()
    server.server.state.become(.recovering("worker-2 was lost", takesRequests: true))
    let ready = try await server.ask("GET", "/ready")
    // The probe sees that work goes through, unless it has not looked yet.
    #expect(ready.status == 200 || ready.status == 503 && ready.text.contains("a worker or a link was lost"))
    #expect(!ready.text.contains("worker-2"))
    #expect(try await server.ask("POST", "/v1/completions", #"{"prompt":"a"}"#).status == 200)
    #expect(throws: Never.self) { try Routes.check(.ready) }
    #expect(throws: Never.self) { try Routes.check(.recovering("x", takesRequests: true)) }
    for state in [
      ServerState.loading("x"), .recovering("x", takesRequests: false), .stalled("x"), .draining, .failed("x"),
    ] {
      let refusal = #expect(throws: APIError.self) { try Routes.check(state) }
      #expect(refusal?.status == .serviceUnavailable && refusal?.retryAfter != nil)
    }
  }
}
